// The running server: starts it, restarts it, asks it. All requests of the extension pass through `ask`.

import * as vscode from 'vscode';
import { LanguageClient, type LanguageClientOptions, type ServerOptions, State } from 'vscode-languageclient/node';
import { findProgram } from './program';
import { STATUS, type ServerStatus } from './protocol';
import { liveSettings, userSettings } from './settings';
import type { StatusItem } from './status';

export class Server {
  private client: LanguageClient | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly item: StatusItem,
  ) {
    item.onIdle = () => void this.summarise();
  }

  /** Starts the server; what hinders it is said in a message and in the status bar. */
  async start(): Promise<void> {
    const program = findProgram(this.context.extensionPath);
    if ('missing' in program) {
      this.item.failed(program.missing);
      const action = await vscode.window.showErrorMessage(`Portolan: ${program.missing}`, 'Open Settings');
      if (action) await vscode.commands.executeCommand('workbench.action.openSettings', 'portolan.server.path');
      return;
    }
    const more = vscode.workspace.getConfiguration('portolan').get<string[]>('server.arguments', []);
    const run: ServerOptions = { command: program.path, args: ['serve', '--stdio', ...more] };
    const client = new LanguageClient('portolan', 'Portolan', run, this.options());
    this.client = client;
    client.onDidChangeState((change) => {
      if (change.newState === State.Running) this.item.running();
      if (change.newState === State.Starting) this.item.starting();
      if (change.newState === State.Stopped) this.item.stopped();
    });
    this.log.info(`starting ${program.path} serve --stdio`);
    try {
      await client.start();
      await this.summarise();
    } catch (error) {
      this.item.failed(String(error));
      this.log.error(`${program.path} did not start: ${String(error)}`);
    }
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Sends a request; without a running server it throws an error made for people. */
  async ask<Answer>(method: string, params: unknown, token?: vscode.CancellationToken): Promise<Answer> {
    if (!this.client?.isRunning()) throw new Error('The server does not run. "Portolan: Restart the Server" starts it.');
    // An absent token handed on would make a list of two parameters out of one.
    return token ? this.client.sendRequest<Answer>(method, params, token) : this.client.sendRequest<Answer>(method, params);
  }

  /** A location of the server as one of the editor. */
  place(location: { uri: string; range: Parameters<LanguageClient['protocol2CodeConverter']['asRange']>[0] }): vscode.Location {
    const convert = this.client?.protocol2CodeConverter;
    const range = convert?.asRange(location.range) ?? new vscode.Range(0, 0, 0, 0);
    return new vscode.Location(convert?.asUri(location.uri) ?? vscode.Uri.parse(location.uri), range);
  }

  /** Puts the server's one line about its index into the status bar's tooltip. A server without one changes nothing. */
  private async summarise(): Promise<void> {
    try {
      const status = await this.ask<ServerStatus | null>(STATUS, {});
      if (status?.summary) this.item.running(status.summary);
    } catch (error) {
      this.log.debug(`no status: ${String(error)}`);
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
      initializationOptions: userSettings(this.context.extension),
      synchronize: { configurationSection: 'portolan' },
      outputChannel: this.log,
      traceOutputChannel: this.log,
      middleware: {
        // The progress stands in our own status bar item; VS Code would show it a second time beside it.
        handleWorkDoneProgress: (token, value) => this.item.progress(token, value),
        workspace: {
          configuration: (asked) =>
            asked.items.map((item) => (item.section === 'portolan' ? liveSettings(this.context.extension) : null)),
          // The server asks back for what it wants to know.
          didChangeConfiguration: async () => this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null }),
        },
      },
    };
  }
}
