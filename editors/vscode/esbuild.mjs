// Bundles the extension into one file: dist/extension.js. `vscode` is given by the editor and stays outside.

import { build } from 'esbuild';

await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  legalComments: 'eof',
  logLevel: 'info',
});
