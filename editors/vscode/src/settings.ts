// Which settings reach the server, and how. Only what somebody set: defaults are the server's own. A workspace's values go
// the live way, where the server counts no machine setting; machine settings go with `initializationOptions`, from the user
// alone.

import * as vscode from 'vscode';

type Nested = Record<string, unknown>;

interface Property {
  scope?: string;
}

/** Obeyed by the extension itself: the server knows nothing of them. */
const OWN = /^portolan\.(server|trace)\.|^portolan\.search\.preview$/;

function keys(extension: vscode.Extension<unknown>): [string, Property][] {
  const blocks: { properties: Record<string, Property> }[] = extension.packageJSON.contributes.configuration;
  return blocks.flatMap((block) => Object.entries(block.properties)).filter(([key]) => !OWN.test(key));
}

/** `portolan.a.b = 1` becomes `{a: {b: 1}}`; what is not set is left out. */
function nested(values: [string, unknown][]): Nested {
  const all: Nested = {};
  for (const [key, value] of values) {
    const names = key.split('.').slice(1);
    const last = names.pop();
    if (value === undefined || last === undefined) continue;
    let place = all;
    for (const name of names) place = (place[name] ??= {}) as Nested;
    place[last] = value;
  }
  return all;
}

/** For `initializationOptions`: what the user set, machine settings included, nothing of the workspace. */
export function userSettings(extension: vscode.Extension<unknown>): Nested {
  const settings = vscode.workspace.getConfiguration();
  return nested(keys(extension).map(([key]) => [key, settings.inspect(key)?.globalValue]));
}

/** For `workspace/configuration`: what is set anywhere, without machine settings. */
export function liveSettings(extension: vscode.Extension<unknown>): Nested {
  const settings = vscode.workspace.getConfiguration();
  const live = keys(extension).filter(([, property]) => property.scope !== 'machine');
  return nested(
    live.map(([key]) => {
      const { globalValue, workspaceValue, workspaceFolderValue } = settings.inspect(key) ?? {};
      return [key, workspaceFolderValue ?? workspaceValue ?? globalValue];
    }),
  );
}
