// picture.mjs TOOLS VSIX FOLDER FILE QUESTION OUT.png: the picture of the README: VS Code in FOLDER with FILE open, the
// answers to QUESTION, the best one shown beside them. A real screen, nothing is drawn.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Workbench, holds } from './workbench.mjs';

const [tools, vsix, folder] = process.argv.slice(2, 5).map((argument) => path.resolve(argument));
const [file, question, picture] = process.argv.slice(5);
const vscode = new Workbench(tools, fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-picture-')));
try {
  const look = { 'editor.minimap.enabled': false, 'security.workspace.trust.enabled': false, 'workbench.colorTheme': 'Default Dark Modern' };
  await vscode.start(vsix, folder, look, { width: 1180, height: 700 });
  await vscode.openFile(file);
  // Indexing begins (a share stands in the status bar) and ends.
  await vscode.until(vscode.statusBar, holds('%'), 10);
  let quiet = 0;
  const idle = (items) => (quiet = items.includes('Portolan') ? quiet + 1 : 0) > 20;
  await vscode.until(vscode.statusBar, idle, 120);
  await vscode.ask(question);
  const before = await vscode.activeTab();
  await vscode.until(vscode.rows, (rows) => rows.length > 2 && !holds('No answer')(rows), 60);
  await vscode.until(vscode.activeTab, (tab) => tab !== before, 10);
  console.log((await vscode.rows()).join('\n'));
  await vscode.page.waitForTimeout(1500);
  await vscode.page.screenshot({ path: picture });
} finally {
  await vscode.stop(false);
}
