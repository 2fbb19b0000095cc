// The status bar item, and the list that `Portolan: Show Status` opens. Shows what the server says, computes nothing.

import * as vscode from 'vscode';
import type { ProgressToken, WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from 'vscode-languageclient/node';
import { PAUSE, STATUS, type ServerStatus } from './protocol';
import type { Server } from './server';

type Progress = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;
interface Job {
  title: string;
  message?: string;
  percentage?: number;
}

export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  /** Jobs under way, oldest first; the newest is shown. */
  private readonly jobs = new Map<ProgressToken, Job>();
  private isPaused = false;

  constructor() {
    this.item = vscode.window.createStatusBarItem('portolan.status', vscode.StatusBarAlignment.Left, -10);
    this.item.name = 'Portolan';
    this.item.command = 'portolan.showStatus';
    this.starting();
    this.item.show();
  }

  starting(): void {
    // A server that starts anew is never paused.
    this.isPaused = false;
    this.show('$(sync~spin) Portolan', 'The server starts.');
  }

  /** The server runs and nothing is under way; `summary` is what it says of its index. */
  running(summary = 'Ask a question: "Portolan: Ask a Question About This Code".'): void {
    if (this.isPaused) this.show('$(debug-pause) Portolan paused', 'Indexing is paused. "Portolan: Resume Indexing" lets it go on.');
    else if (this.jobs.size === 0) this.show('$(compass) Portolan', summary);
  }

  /** Indexing stands still until the user lets it go on. */
  paused(paused: boolean): void {
    this.isPaused = paused;
    this.running();
  }

  /** Called whenever the last job has ended. */
  onIdle: () => void = () => undefined;

  stopped(): void {
    this.jobs.clear();
    this.show('$(circle-slash) Portolan', 'The server does not run.');
  }

  failed(reason: string): void {
    this.show('$(error) Portolan', reason);
  }

  progress(token: ProgressToken, value: Progress): void {
    if (value.kind === 'begin') {
      this.jobs.set(token, { title: value.title, message: value.message, percentage: value.percentage });
    } else if (value.kind === 'end') {
      this.jobs.delete(token);
    } else {
      const job = this.jobs.get(token);
      if (job) {
        job.message = value.message ?? job.message;
        job.percentage = value.percentage ?? job.percentage;
      }
    }
    const newest = [...this.jobs.values()].pop();
    if (!newest || this.isPaused) {
      this.running();
      if (newest) return;
      this.onIdle();
      return;
    }
    const share = newest.percentage === undefined ? '' : ` ${Math.round(newest.percentage)}%`;
    const lines = [...this.jobs.values()].map((job) => [job.title, job.message].filter(Boolean).join(': '));
    this.show(`$(sync~spin) Portolan${share}`, lines.join('\n'));
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(text: string, tooltip: string): void {
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: `${text.replace(/\$\([^)]*\)\s*/, '')}: ${tooltip}` };
  }
}

/** An object as rows of name and value, nested names joined by dots. */
function rows(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, held]): [string, string][] => {
    const full = prefix === '' ? name : `${prefix}.${name}`;
    if (held === null || held === undefined) return [];
    return typeof held === 'object' ? rows(held, full) : [[full, String(held)]];
  });
}

/** Stops indexing, or lets it go on; questions are answered all the same. */
export async function setPaused(server: Server, item: StatusItem, paused: boolean): Promise<void> {
  try {
    const said = await server.ask<{ paused: boolean }>(PAUSE, { paused });
    item.paused(said.paused);
  } catch (error) {
    void vscode.window.showErrorMessage(`Portolan: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Lists what the server says of itself, with what one may do about it. */
export async function showStatus(server: Server): Promise<void> {
  const actions: (vscode.QuickPickItem & { run?: string })[] = [
    { label: '$(search) Ask a question', run: 'portolan.search' },
    { label: '$(debug-pause) Pause indexing', run: 'portolan.pause' },
    { label: '$(debug-continue) Resume indexing', run: 'portolan.resume' },
    { label: '$(debug-restart) Restart the server', run: 'portolan.restart' },
    { label: '$(output) Show the log', run: 'portolan.showLog' },
  ];
  let said: vscode.QuickPickItem[];
  let title = 'Portolan';
  try {
    const status = (await server.ask<ServerStatus | null>(STATUS, {})) ?? { summary: 'no folder is open' };
    title = status.summary ? `Portolan: ${status.summary}` : title;
    said = rows(status)
      .filter(([name]) => name !== 'summary')
      .map(([label, description]) => ({ label, description }));
  } catch (error) {
    said = [{ label: '$(error) No status', description: error instanceof Error ? error.message : String(error) }];
  }
  const separator = { label: '', kind: vscode.QuickPickItemKind.Separator };
  const picked = await vscode.window.showQuickPick([...actions, separator, ...said], { title, matchOnDescription: true });
  const run = (picked as { run?: string } | undefined)?.run;
  if (run) await vscode.commands.executeCommand(run);
}
