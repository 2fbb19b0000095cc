// The quick pick for questions. Sends the whole question, keeps the server's order, previews what is selected and goes
// back to where one was when the list is left without a choice.

import * as vscode from 'vscode';
import { SymbolKind } from 'vscode-languageclient/node';
import { type Hit, SEARCH, type SearchAnswer, type SearchParams } from './protocol';
import type { Server } from './server';

/** A pause in typing of this length, in milliseconds, sends the question. */
const PAUSE = 200;

interface Answer extends vscode.QuickPickItem {
  place?: vscode.Location;
}

let lastQuestion = '';

const ICONS = new Map<SymbolKind, string>([
  [SymbolKind.Function, 'symbol-method'],
  [SymbolKind.Method, 'symbol-method'],
  [SymbolKind.Constructor, 'symbol-method'],
  [SymbolKind.Class, 'symbol-class'],
  [SymbolKind.Struct, 'symbol-structure'],
  [SymbolKind.Interface, 'symbol-interface'],
  [SymbolKind.Enum, 'symbol-enum'],
  [SymbolKind.Module, 'symbol-module'],
  [SymbolKind.Namespace, 'symbol-namespace'],
  [SymbolKind.Constant, 'symbol-constant'],
  [SymbolKind.Variable, 'symbol-variable'],
  [SymbolKind.Field, 'symbol-field'],
  [SymbolKind.File, 'symbol-file'],
]);

/** The first line of a passage that says something: a letter or a digit is in it, and it is no attribute or decorator. */
function tellingLine(preview: string | null | undefined): string {
  const lines = (preview ?? '').split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line));
  const line = lines.find((candidate) => !/^\s*(#!?\[|@)/.test(candidate)) ?? lines[0] ?? '';
  return line.trim().replace(/\s+/g, ' ').slice(0, 200);
}

function toAnswer(server: Server, hit: Hit): Answer {
  const place = server.place(hit.location);
  const path = hit.path ?? vscode.workspace.asRelativePath(place.uri);
  const where = `${path}:${place.range.start.line + 1}`;
  const icon = `$(${ICONS.get(hit.kind ?? SymbolKind.Null) ?? 'note'})`;
  return {
    label: `${icon} ${hit.name || where}`,
    description: hit.name ? where : (hit.containerName ?? undefined),
    detail: tellingLine(hit.preview),
    // Without this, VS Code hides every answer whose words are not in the question.
    alwaysShow: true,
    place,
  };
}

/** The list of answers to one question; a newer one cancels it. */
class Asking implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private waiting: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly pick: vscode.QuickPick<Answer>,
    private readonly from: vscode.TextEditor | undefined,
  ) {}

  later(question: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.now(question), PAUSE);
  }

  async now(question: string): Promise<void> {
    this.waiting?.cancel();
    const asked = question.trim();
    if (asked === '') {
      this.pick.items = [];
      return;
    }
    lastQuestion = asked;
    const mine = new vscode.CancellationTokenSource();
    this.waiting = mine;
    this.pick.busy = true;
    try {
      const params: SearchParams = {
        query: asked,
        limit: vscode.workspace.getConfiguration('portolan').get<number>('search.limit', 30),
        textDocument: this.from && { uri: this.from.document.uri.toString() },
      };
      const answer = await this.server.ask<SearchAnswer>(SEARCH, params, mine.token);
      if (this.waiting !== mine) return;
      const found = answer.items.map((hit) => toAnswer(this.server, hit));
      this.pick.items = found.length > 0 ? found : [message('Nothing found', 'Other words may help.')];
    } catch (error) {
      if (this.waiting !== mine) return;
      this.pick.items = [message('No answer', error instanceof Error ? error.message : String(error))];
    } finally {
      if (this.waiting === mine) this.pick.busy = false;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.waiting?.cancel();
    this.waiting = undefined;
  }
}

function message(label: string, detail: string): Answer {
  return { label, detail, alwaysShow: true };
}

/** Shows a place in the editor and gives that editor. */
async function show(place: vscode.Location, preserveFocus: boolean): Promise<vscode.TextEditor> {
  const start = new vscode.Range(place.range.start, place.range.start);
  const editor = await vscode.window.showTextDocument(place.uri, { preview: true, preserveFocus, selection: start });
  editor.revealRange(place.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}

/** Where the user was, to go back to. */
function remember(): () => Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const { document, selection, viewColumn } = editor ?? {};
  return async () => {
    if (!document || document.isClosed) return;
    // The focus is the editor's again as the list closes; taking it here would close what the user opens meanwhile.
    await vscode.window.showTextDocument(document, { viewColumn, selection, preserveFocus: true });
  };
}

/** The selected text when it is one line, else the last question. */
function firstQuestion(editor: vscode.TextEditor | undefined): string {
  const selection = editor?.selection;
  if (editor && selection && !selection.isEmpty && selection.isSingleLine) return editor.document.getText(selection);
  return lastQuestion;
}

/** Opens the list; `question` fills it. */
export function askQuestion(server: Server, question?: string): void {
  const from = vscode.window.activeTextEditor;
  const goBack = remember();
  const pick = vscode.window.createQuickPick<Answer>();
  // Not yet in the API: without it VS Code sorts answers by label while the question is typed.
  (pick as unknown as { sortByLabel: boolean }).sortByLabel = false;
  pick.title = 'Portolan';
  pick.placeholder = 'Ask in plain words: where do we retry with backoff?';
  pick.ignoreFocusOut = false;
  const asking = new Asking(server, pick, from);
  const marked = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
    isWholeLine: true,
  });
  let chosen = false;
  let previewed = false;
  pick.onDidChangeValue((value) => asking.later(value));
  pick.onDidChangeActive(async ([active]) => {
    const wanted = vscode.workspace.getConfiguration('portolan').get<boolean>('search.preview', true);
    if (!wanted || !active?.place || chosen) return;
    previewed = true;
    const { range } = active.place;
    await show(active.place, true).then(
      (editor) => editor.setDecorations(marked, [range]),
      () => undefined,
    );
  });
  pick.onDidAccept(async () => {
    const [selected] = pick.selectedItems;
    if (!selected?.place) return;
    chosen = true;
    pick.hide();
    await show(selected.place, false).then(undefined, (error: unknown) =>
      vscode.window.showErrorMessage(`Portolan: ${String(error)}`),
    );
  });
  pick.onDidHide(async () => {
    asking.dispose();
    marked.dispose();
    pick.dispose();
    if (!chosen && previewed) await goBack();
  });
  pick.value = question ?? firstQuestion(from);
  pick.show();
  if (pick.value !== '') void asking.now(pick.value);
}
