// vscode.mjs TOOLS VSIX OUT: the packaged extension in VS Code's workbench (code-server) in a real Chromium.
//
// The folder is not trusted: all of this must work in Restricted Mode, with the program inside the package. Prints `ok` or
// `FAIL` for each step, keeps a screenshot of each in OUT, exits with 1 when one failed.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Workbench, firstHolds, holds } from './workbench.mjs';

const [tools, vsix, out] = process.argv.slice(2).map((argument) => path.resolve(argument));
const here = path.dirname(fileURLToPath(import.meta.url));
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
const vscode = new Workbench(tools, out);
const folder = path.join(vscode.home, 'shop');

let failures = 0;
let shots = 0;

async function keep(name) {
  shots += 1;
  await vscode.page.screenshot({ path: path.join(out, `${String(shots).padStart(2, '0')}-${name}.png`) });
}

function verdict(passed, what, seen) {
  console.log(`${passed ? 'ok  ' : 'FAIL'} vscode: ${what}`);
  if (passed) return;
  failures += 1;
  console.log(`     | ${JSON.stringify(seen)}`);
}

/** One step: waits for what is wanted, says whether it came, keeps a screenshot. */
async function expect(name, what, look, good, seconds) {
  const seen = await vscode.until(look, good, seconds);
  verdict(good(seen), what, seen);
  await keep(name);
}

async function lists() {
  const { rows } = vscode;
  await vscode.openFile('mail/outbox.py');
  await vscode.openInput('Control+Shift+O');
  await expect('outline', 'Ctrl+Shift+O lists the outline of the file', rows, holds('send_later'), 40);
  await vscode.close();

  await vscode.openInput('Control+T');
  await vscode.type('sndlater', { delay: 5 });
  await expect('symbols', 'Ctrl+T finds a name by its abbreviation', rows, firstHolds('send_later'));
  await vscode.close();
}

async function questions() {
  const { rows, activeTab } = vscode;
  const first = 'a question of many words is answered, the right function first';
  await vscode.ask('make sure a crash never leaves half a file');
  await expect('question', first, rows, firstHolds('save_atomically', 'store/ledger.rs'));
  await expect('preview', 'the selected answer is shown in the editor', activeTab, holds('ledger.rs'));
  await vscode.close();
  await expect('back', 'leaving the list goes back to the file one came from', activeTab, holds('outbox.py'));

  await vscode.ask('what total price does the customer pay');
  await vscode.until(rows, firstHolds('totalPrice'));
  await vscode.press('Enter');
  const place = async () => [await activeTab(), ...(await vscode.statusBar())];
  const there = (seen) => holds('basket.ts')(seen) && seen.some((text) => /Ln 3[3-8]\b/.test(text));
  await expect('jump', 'enter jumps to the answer', place, there);
}

async function unsavedText() {
  const { rows } = vscode;
  await vscode.openFile('mail/outbox.py');
  await vscode.press('Control+End');
  await vscode.type('\n\ndef weigh_parcel_on_scale(parcel):\n');
  await vscode.type('    """Kilograms of a parcel, read from the bathroom scale."""\n');
  await vscode.type('    return parcel.scale.read_kilograms()\n');
  await vscode.until(vscode.activeTab, holds('outbox.py'));
  const saved = fs.readFileSync(path.join(folder, 'mail/outbox.py'), 'utf8');
  verdict(!saved.includes('weigh_parcel'), 'the edit stays unsaved', saved);

  await vscode.ask('how many kilograms does a parcel weigh on the scale');
  await expect('unsaved', 'a question finds text that is not saved', rows, firstHolds('weigh_parcel_on_scale'));
  await vscode.close();
  await vscode.openInput('Control+T');
  await vscode.type('weighparcel', { delay: 5 });
  await expect('unsaved-symbol', 'Ctrl+T finds a name that is not saved', rows, firstHolds('weigh_parcel_on_scale'));
  await vscode.close();
}

async function statusAndRestart() {
  const { rows } = vscode;
  await vscode.command('Portolan: Show Status');
  const told = (seen) => seen.length > 4 && !holds('No status')(seen);
  await expect('status', 'the status lists what the server says', rows, told);
  await vscode.close();
  await vscode.command('Portolan: Pause Indexing');
  await expect('paused', 'the status bar says that indexing is paused', vscode.statusBar, holds('Portolan paused'));
  await vscode.ask('make sure a crash never leaves half a file');
  await expect('asked-paused', 'a question is answered while indexing is paused', rows, firstHolds('save_atomically'));
  await vscode.close();
  await vscode.command('Portolan: Resume Indexing');
  await vscode.until(vscode.statusBar, (items) => items.includes('Portolan'));
  await vscode.command('Portolan: Restart the Server');
  await vscode.until(vscode.statusBar, (items) => !items.includes('Portolan'), 2);
  await vscode.until(vscode.statusBar, (items) => items.includes('Portolan'));
  await vscode.ask('make sure a crash never leaves half a file');
  await expect('restarted', 'after a restart a question is answered again', rows, firstHolds('save_atomically'), 40);
  await vscode.close();
  const toasts = await vscode.toasts();
  verdict(toasts.length === 0, 'no message was left on the screen', toasts);
}

try {
  fs.cpSync(path.join(here, 'workspace'), folder, { recursive: true });
  fs.mkdirSync(path.join(folder, '.git'));
  await vscode.start(vsix, folder);
  const runs = (items) => holds('Restricted Mode')(items) && holds('Portolan')(items);
  await expect('start', 'the folder is in Restricted Mode and the extension runs', vscode.statusBar, runs, 60);
  await lists();
  await questions();
  await unsavedText();
  await statusAndRestart();
} catch (error) {
  failures += 1;
  console.log(`FAIL vscode: ${error.stack ?? error}`);
  if (vscode.page) await keep('failure').catch(() => {});
} finally {
  await vscode.stop(failures > 0);
  console.log(`     vscode: screenshots in ${out}`);
  process.exit(failures > 0 ? 1 : 0);
}
