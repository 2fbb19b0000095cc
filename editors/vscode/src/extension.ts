// Starts and stops everything: the server, the status bar item, the commands. Each lives in its own file.

import * as vscode from 'vscode';
import { askQuestion, findRelated } from './search';
import { Server } from './server';
import { StatusItem, setPaused, showStatus } from './status';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const item = new StatusItem();
  const log = vscode.window.createOutputChannel('Portolan', { log: true });
  const started = new Server(context, log, item);
  server = started;
  context.subscriptions.push(
    item,
    log,
    vscode.commands.registerCommand('portolan.search', (question?: unknown) =>
      askQuestion(started, typeof question === 'string' ? question : undefined),
    ),
    vscode.commands.registerCommand('portolan.related', () => findRelated(started)),
    vscode.commands.registerCommand('portolan.showStatus', () => showStatus(started)),
    vscode.commands.registerCommand('portolan.pause', () => setPaused(started, item, true)),
    vscode.commands.registerCommand('portolan.resume', () => setPaused(started, item, false)),
    vscode.commands.registerCommand('portolan.restart', () => started.restart()),
    vscode.commands.registerCommand('portolan.showLog', () => log.show()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (!change.affectsConfiguration('portolan.server')) return;
      const answer = await vscode.window.showInformationMessage(
        'Portolan: this setting takes effect when the server restarts.',
        'Restart',
      );
      if (answer) await started.restart();
    }),
  );
  await started.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
