// Finds the server's program: the setting, the one inside the extension, the one in PATH, in this order.
// The setting is of machine scope: a workspace cannot name a program to run.

import { accessSync, constants } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';

/** A program, or the message that says why there is none. */
export type Program = { path: string } | { missing: string };

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function findProgram(extensionPath: string): Program {
  const named = vscode.workspace.getConfiguration('portolan').get<string>('server.path', '').trim();
  if (named !== '') {
    return runs(named)
      ? { path: named }
      : { missing: `portolan.server.path names ${named}, which is not a program that runs. Correct it, or empty it.` };
  }
  const name = process.platform === 'win32' ? 'portolan.exe' : 'portolan';
  const bundled = path.join(extensionPath, 'server', name);
  if (runs(bundled)) return { path: bundled };
  // An empty entry of PATH means the working directory, which may be the workspace: only absolute folders count.
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, name);
    if (path.isAbsolute(folder) && runs(candidate)) return { path: candidate };
  }
  return {
    missing:
      'There is no portolan program: this package holds none for your system, and none is in PATH. ' +
      'Build it (cargo install --path .) or name it in portolan.server.path.',
  };
}
