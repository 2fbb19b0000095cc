// The server's own requests, as they travel. Mirrors docs of the server's extensions; knows no window and no client.

import type { Location, Position, Range, SymbolKind } from 'vscode-languageclient/node';

/** One answer to a question: a function, a class or a passage, never a whole file. */
export interface Hit {
  name?: string | null;
  kind?: SymbolKind | null;
  containerName?: string | null;
  /** All of it, with its documentation. */
  location: Location;
  /** The declared name: where one jumps to. */
  selectionRange?: Range;
  /** Path beneath its root, for people. */
  path?: string;
  score?: number;
  /** The first lines of the passage. */
  preview?: string | null;
}

export interface SearchParams {
  /** May hold filters: `lang:rust path:src/ -path:tests kind:function`. */
  query: string;
  limit?: number;
  /** The file that the question is asked from: answers near it win ties. */
  textDocument?: { uri: string };
}

export interface SearchAnswer {
  items: Hit[];
  /** Sentences for people: filters that fit nothing. */
  notes?: string[];
}

/** A place of which one wants code that is like it. */
export interface RelatedParams {
  textDocument: { uri: string };
  position: Position;
  limit?: number;
}

export interface RelatedAnswer extends SearchAnswer {
  subject: { name?: string | null };
}

export const SEARCH = 'portolan/semanticSearch';
export const RELATED = 'portolan/related';
export const STATUS = 'portolan/status';
/** `{ paused: boolean }`: stops indexing, or lets it go on. */
export const PAUSE = 'portolan/pause';

/** A status is any object; `summary`, where there is one, is its one line for people. */
export type ServerStatus = { summary?: string } & Record<string, unknown>;
