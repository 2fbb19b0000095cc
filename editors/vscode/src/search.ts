// The quick pick for questions. Sends the whole question, keeps the server's order, previews what is selected and goes
// back to where one was when the list is left without a choice. Code like the function at the cursor comes in the same list.

import * as vscode from 'vscode';
import { SymbolKind } from 'vscode-languageclient/node';
import {
  type Hit,
  RELATED,
  type RelatedAnswer,
  type RelatedParams,
  SEARCH,
  type SearchAnswer,
  type SearchParams,
} from './protocol';
import type { Server } from './server';

/** A pause in typing of this length, in milliseconds, sends the question. */
const PAUSE = 200;

interface Answer extends vscode.QuickPickItem {
  place?: vscode.Location;
  /** Where the cursor goes. */
  jump?: vscode.Position;
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
  const named = hit.selectionRange && server.place({ uri: hit.location.uri, range: hit.selectionRange });
  const jump = named?.range.start ?? place.range.start;
  const where = `${path}:${jump.line + 1}`;
  const icon = `$(${ICONS.get(hit.kind ?? SymbolKind.Null) ?? 'note'})`;
  return {
    label: `${icon} ${hit.name || where}`,
    description: hit.name ? where : (hit.containerName ?? undefined),
    detail: tellingLine(hit.preview),
    // Without this, VS Code hides every answer whose words are not in the question.
    alwaysShow: true,
    place,
    jump,
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
      this.pick.items = toList(this.server, answer);
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

/** The answers, behind them what is to be told of the question's filters. */
function toList(server: Server, answer: SearchAnswer): Answer[] {
  const found = answer.items.map((hit) => toAnswer(server, hit));
  const notes = (answer.notes ?? []).map((note) => message('$(info) Filter', note));
  if (found.length > 0 || notes.length > 0) return [...found, ...notes];
  return [message('Nothing found', 'Other words may help.')];
}

/** Shows a place in the editor and gives that editor. */
async function show(place: vscode.Location, at: vscode.Position, preserveFocus: boolean): Promise<vscode.TextEditor> {
  const selection = new vscode.Range(at, at);
  const editor = await vscode.window.showTextDocument(place.uri, { preview: true, preserveFocus, selection });
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

/** An empty list that previews what is selected and goes there, or back; `closed` is called in the end. */
function openList(closed: () => void): vscode.QuickPick<Answer> {
  const goBack = remember();
  const pick = vscode.window.createQuickPick<Answer>();
  // Not yet in the API: without it VS Code sorts answers by label while something is typed.
  (pick as unknown as { sortByLabel: boolean }).sortByLabel = false;
  pick.title = 'Portolan';
  pick.ignoreFocusOut = false;
  const marked = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
    isWholeLine: true,
  });
  let chosen = false;
  let previewed = false;
  pick.onDidChangeActive(async ([active]) => {
    const wanted = vscode.workspace.getConfiguration('portolan').get<boolean>('search.preview', true);
    if (!wanted || !active?.place || chosen) return;
    previewed = true;
    const { range } = active.place;
    await show(active.place, active.jump ?? range.start, true).then(
      (editor) => editor.setDecorations(marked, [range]),
      () => undefined,
    );
  });
  pick.onDidAccept(async () => {
    const [selected] = pick.selectedItems;
    if (!selected?.place) return;
    chosen = true;
    pick.hide();
    await show(selected.place, selected.jump ?? selected.place.range.start, false).then(undefined, (error: unknown) =>
      vscode.window.showErrorMessage(`Portolan: ${String(error)}`),
    );
  });
  pick.onDidHide(async () => {
    closed();
    marked.dispose();
    pick.dispose();
    if (!chosen && previewed) await goBack();
  });
  return pick;
}

/** Opens the list; `question` fills it. */
export function askQuestion(server: Server, question?: string): void {
  const from = vscode.window.activeTextEditor;
  const pick = openList(() => asking.dispose());
  const asking = new Asking(server, pick, from);
  pick.placeholder = 'Ask in plain words: where do we retry with backoff? Filters: lang:go path:src/ -path:tests kind:function';
  pick.onDidChangeValue((value) => asking.later(value));
  pick.value = question ?? firstQuestion(from);
  pick.show();
  if (pick.value !== '') void asking.now(pick.value);
}

/** Lists code that is like the function or class at the cursor. */
export async function findRelated(server: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void vscode.window.showInformationMessage('Portolan: open a file and put the cursor into a function first.');
    return;
  }
  const params: RelatedParams = {
    textDocument: { uri: editor.document.uri.toString() },
    position: { line: editor.selection.active.line, character: editor.selection.active.character },
    limit: vscode.workspace.getConfiguration('portolan').get<number>('search.limit', 30),
  };
  try {
    const answer = await server.ask<RelatedAnswer>(RELATED, params);
    const pick = openList(() => undefined);
    pick.placeholder = answer.subject.name ? `Like ${answer.subject.name}` : 'Like this';
    // Here nothing is asked: what is typed filters the list.
    pick.matchOnDescription = true;
    pick.items = toList(server, answer).map((item) => ({ ...item, alwaysShow: false }));
    pick.show();
  } catch (error) {
    void vscode.window.showInformationMessage(`Portolan: ${error instanceof Error ? error.message : String(error)}`);
  }
}
