// vscode.mjs TOOLS VSIX OUT: the packaged extension in VS Code's workbench (code-server) in a real Chromium.
//
// The folder is not trusted: all of this must work in Restricted Mode, with the program inside the package. Prints `ok` or
// `FAIL` for each step, keeps a screenshot of each in OUT, exits with 1 when one failed. Everything it starts has a
// throw-away home and is stopped at the end.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [tools, vsix, out] = process.argv.slice(2).map((argument) => path.resolve(argument));
const { chromium } = createRequire(path.join(tools, 'driver/package.json'))('playwright-core');
const here = path.dirname(fileURLToPath(import.meta.url));
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-vscode-'));
const folder = path.join(home, 'shop');
const settings = {
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
  'files.autoSave': 'off',
  // What is typed shall stand there as typed.
  'editor.autoIndent': 'none',
  'editor.autoClosingBrackets': 'never',
  'editor.autoClosingQuotes': 'never',
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': false,
};

let failures = 0;
let shots = 0;
let page;
let codeServer;
let browser;

async function keep(name) {
  shots += 1;
  await page.screenshot({ path: path.join(out, `${String(shots).padStart(2, '0')}-${name}.png`) });
}

function verdict(passed, what, seen) {
  console.log(`${passed ? 'ok  ' : 'FAIL'} vscode: ${what}`);
  if (passed) return;
  failures += 1;
  console.log(`     | ${JSON.stringify(seen)}`);
}

/** Waits until `look` gives something that `good` accepts; gives the last thing seen. */
async function until(look, good, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (good(seen) || Date.now() > deadline) return seen;
    await page.waitForTimeout(100);
  }
}

/** One step: waits for what is wanted, says whether it came, keeps a screenshot. */
async function expect(name, what, look, good, seconds) {
  const seen = await until(look, good, seconds);
  verdict(good(seen), what, seen);
  await keep(name);
  return seen;
}

const texts = async (selector) =>
  (await page.locator(selector).allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean);
const rows = () => texts('.quick-input-list .monaco-list-row');
const statusBar = () => texts('.statusbar-item');
// A tab's text comes in pieces: `outbox .py`.
const activeTab = async () => ((await texts('.tab.active'))[0] ?? '').replaceAll(' ', '');
const holds = (word) => (seen) => [seen].flat().some((text) => text.includes(word));
const firstHolds = (...words) => (seen) => seen.length > 0 && words.every((word) => seen[0].includes(word));

async function openInput(key) {
  await page.keyboard.press(key);
  await page.waitForSelector('.quick-input-widget:visible input');
}

async function command(title) {
  await openInput('F1');
  await page.keyboard.type(title);
  await until(rows, firstHolds(title.split(': ')[1]));
  await page.keyboard.press('Enter');
}

async function ask(question) {
  await command('Portolan: Ask a Question');
  await page.waitForSelector('.quick-input-widget:visible input[placeholder^="Ask in plain words"]');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(question, { delay: 5 });
}

async function close() {
  await page.keyboard.press('Escape');
  await page.waitForSelector('.quick-input-widget', { state: 'hidden' });
}

async function openFile(name) {
  await openInput('Control+P');
  await page.keyboard.type(name);
  await until(rows, firstHolds(path.basename(name)));
  await page.keyboard.press('Enter');
  await until(activeTab, holds(path.basename(name)));
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function startCodeServer() {
  const profile = path.join(home, 'profile');
  fs.mkdirSync(path.join(profile, 'User'), { recursive: true });
  fs.writeFileSync(path.join(profile, 'User/settings.json'), JSON.stringify(settings));
  const program = path.join(tools, 'bin/code-server');
  const common = ['--user-data-dir', profile, '--extensions-dir', path.join(home, 'extensions')];
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: home, XDG_CACHE_HOME: path.join(home, 'cache') };
  await new Promise((resolve, reject) => {
    const install = spawn(program, [...common, '--install-extension', vsix, '--force'], { env });
    let said = '';
    for (const stream of [install.stdout, install.stderr]) stream.on('data', (data) => (said += data));
    install.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the package does not install: ${said}`))));
  });
  const port = await freePort();
  const more = ['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check'];
  codeServer = spawn(program, [...more, ...common], { env, detached: true });
  const log = fs.createWriteStream(path.join(out, 'code-server.log'));
  codeServer.stderr.pipe(log);
  await new Promise((resolve, reject) => {
    codeServer.stdout.on('data', (data) => {
      log.write(data);
      if (/listening/.test(data)) resolve();
    });
    codeServer.on('exit', () => reject(new Error('code-server ended; see code-server.log')));
  });
  return port;
}

async function openWorkbench(port) {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`);
  await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 60_000 });
  await page.waitForSelector('.explorer-folders-view .monaco-list-row', { timeout: 60_000 });
}

async function steps() {
  await expect('start', 'the folder is in Restricted Mode and the extension runs', statusBar, (items) =>
    holds('Restricted Mode')(items) && holds('Portolan')(items), 60);
  await openFile('mail/outbox.py');

  await openInput('Control+Shift+O');
  await expect('outline', 'Ctrl+Shift+O lists the outline of the file', rows, holds('send_later'), 40);
  await close();

  await openInput('Control+T');
  await page.keyboard.type('sndlater', { delay: 5 });
  await expect('symbols', 'Ctrl+T finds a name by its abbreviation', rows, firstHolds('send_later'));
  await close();

  await ask('make sure a crash never leaves half a file');
  await expect('question', 'a question of many words is answered, the right function first', rows, firstHolds('persist', 'store/ledger.rs'));
  await expect('preview', 'the selected answer is shown in the editor', activeTab, holds('ledger.rs'));
  await close();
  await expect('back', 'leaving the list goes back to the file one came from', activeTab, holds('outbox.py'));

  await ask('what does a customer pay');
  await until(rows, firstHolds('total'));
  await page.keyboard.press('Enter');
  await expect('jump', 'enter jumps to the answer', async () => [await activeTab(), ...(await statusBar())],
    (seen) => holds('basket.ts')(seen) && seen.some((text) => /Ln 2[2-6]\b/.test(text)));

  await openFile('mail/outbox.py');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(
    '\n\ndef weigh_parcel_on_scale(parcel):\n    """Kilograms of a parcel, read from the bathroom scale."""\n    return parcel.scale.read_kilograms()\n',
  );
  await page.waitForTimeout(300);
  const saved = fs.readFileSync(path.join(folder, 'mail/outbox.py'), 'utf8');
  verdict(!saved.includes('weigh_parcel'), 'the edit stays unsaved', saved);
  await ask('how many kilograms does a parcel weigh on the scale');
  await expect('unsaved', 'a question finds text that is not saved', rows, firstHolds('weigh_parcel_on_scale'));
  await close();
  await openInput('Control+T');
  await page.keyboard.type('weighparcel', { delay: 5 });
  await expect('unsaved-symbol', 'Ctrl+T finds a name that is not saved', rows, firstHolds('weigh_parcel_on_scale'));
  await close();

  await command('Portolan: Show Status');
  await expect('status', 'the status lists what the server says', rows, (seen) => seen.length > 4 && !holds('No status')(seen));
  await close();
  await command('Portolan: Restart the Server');
  await page.waitForTimeout(500);
  await until(statusBar, (items) => items.includes('Portolan'));
  await ask('make sure a crash never leaves half a file');
  await expect('restarted', 'after a restart a question is answered again', rows, firstHolds('persist'), 40);
  await close();
  const toasts = await texts('.notification-toast');
  verdict(toasts.length === 0, 'no message was left on the screen', toasts);
}

try {
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  fs.cpSync(path.join(here, 'workspace'), folder, { recursive: true });
  fs.mkdirSync(path.join(folder, '.git'));
  await openWorkbench(await startCodeServer());
  await steps();
} catch (error) {
  failures += 1;
  console.log(`FAIL vscode: ${error.stack ?? error}`);
  if (page) await keep('failure').catch(() => {});
} finally {
  await browser?.close();
  if (codeServer) {
    // Its own process group: the extension host and our server are in it.
    try {
      process.kill(-codeServer.pid);
    } catch {}
    await new Promise((resolve) => (codeServer.exitCode === null ? codeServer.on('exit', resolve) : resolve()));
  }
  const logs = path.join(home, 'profile/logs');
  if (failures > 0 && fs.existsSync(logs)) fs.cpSync(logs, path.join(out, 'logs'), { recursive: true });
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  console.log(`     vscode: screenshots in ${out}`);
  process.exit(failures > 0 ? 1 : 0);
}
