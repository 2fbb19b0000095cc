// The server's own requests, as they travel. Mirrors docs of the server's extensions; knows no window and no client.

import type { Location, SymbolKind } from 'vscode-languageclient/node';

/** One answer to a question: a function, a class or a passage, never a whole file. */
export interface Hit {
  name?: string | null;
  kind?: SymbolKind | null;
  containerName?: string | null;
  location: Location;
  /** Path beneath its root, for people. */
  path?: string;
  score?: number;
  /** The first lines of the passage. */
  preview?: string | null;
}

export interface SearchParams {
  query: string;
  limit?: number;
  /** The file that the question is asked from: answers near it win ties. */
  textDocument?: { uri: string };
}

export interface SearchAnswer {
  items: Hit[];
}

export const SEARCH = 'portolan/semanticSearch';
export const STATUS = 'portolan/status';
/** `{ paused: boolean }`: stops indexing, or lets it go on. */
export const PAUSE = 'portolan/pause';

/** A status is any object; `summary`, where there is one, is its one line for people. */
export type ServerStatus = { summary?: string } & Record<string, unknown>;
