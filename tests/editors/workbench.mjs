// VS Code's workbench in a real browser: starts code-server with the packaged extension, opens a folder, types keys, reads
// what stands on the screen. Knows nothing of what is tested. Everything it starts has a throw-away home; `stop` ends it.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const SETTINGS = {
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

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Workbench {
  constructor(tools, out) {
    this.tools = tools;
    this.out = out;
    this.home = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-vscode-'));
    this.profile = path.join(this.home, 'profile');
  }

  /** Installs the package, opens the folder, waits for the file list. `more` are settings beside the common ones. */
  async start(vsix, folder, more = {}, viewport = { width: 1280, height: 800 }) {
    fs.mkdirSync(path.join(this.profile, 'User'), { recursive: true });
    fs.writeFileSync(path.join(this.profile, 'User/settings.json'), JSON.stringify({ ...SETTINGS, ...more }));
    const port = await this.#startServer(vsix);
    const { chromium } = createRequire(path.join(this.tools, 'driver/package.json'))('playwright-core');
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    });
    this.page = await this.browser.newPage({ viewport });
    await this.page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`);
    await this.page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 60_000 });
    await this.page.waitForSelector('.explorer-folders-view .monaco-list-row', { timeout: 60_000 });
  }

  async #startServer(vsix) {
    const program = path.join(this.tools, 'bin/code-server');
    const common = ['--user-data-dir', this.profile, '--extensions-dir', path.join(this.home, 'extensions')];
    // An empty gallery: the workbench asks no registry for extensions.
    const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: this.home, EXTENSIONS_GALLERY: '{"serviceUrl":""}' };
    await new Promise((resolve, reject) => {
      const install = spawn(program, [...common, '--install-extension', vsix, '--force'], { env });
      let said = '';
      for (const stream of [install.stdout, install.stderr]) stream.on('data', (data) => (said += data));
      install.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the package does not install: ${said}`))));
    });
    const port = await freePort();
    const more = ['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check'];
    this.server = spawn(program, [...more, ...common], { env, detached: true });
    const log = fs.createWriteStream(path.join(this.out, 'code-server.log'));
    this.server.stderr.pipe(log);
    await new Promise((resolve, reject) => {
      this.server.stdout.on('data', (data) => {
        log.write(data);
        if (/listening/.test(data)) resolve();
      });
      this.server.on('exit', () => reject(new Error('code-server ended; see code-server.log')));
    });
    return port;
  }

  /** Stops all; with `keepLogs` VS Code's own logs are left in the output folder. */
  async stop(keepLogs) {
    await this.browser?.close();
    if (this.server && this.server.exitCode === null) {
      const ended = new Promise((resolve) => this.server.on('exit', resolve));
      // Its own process group: the extension host and our server are in it.
      process.kill(-this.server.pid);
      await ended;
    }
    const logs = path.join(this.profile, 'logs');
    if (keepLogs && fs.existsSync(logs)) fs.cpSync(logs, path.join(this.out, 'logs'), { recursive: true });
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** Waits until `look` gives something that `good` accepts; gives the last thing seen. */
  async until(look, good, seconds = 20) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const seen = await look();
      if (good(seen) || Date.now() > deadline) return seen;
      await this.page.waitForTimeout(100);
    }
  }

  async texts(selector) {
    const found = await this.page.locator(selector).allInnerTexts();
    return found.map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean);
  }

  rows = () => this.texts('.quick-input-list .monaco-list-row');
  statusBar = () => this.texts('.statusbar-item');
  toasts = () => this.texts('.notification-toast');
  // A tab's text comes in pieces: `outbox .py`.
  activeTab = async () => ((await this.texts('.tab.active'))[0] ?? '').replaceAll(' ', '');

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async type(text, options) {
    await this.page.keyboard.type(text, options);
  }

  /** Presses a key that opens a list with an input, and waits for it. */
  async openInput(key) {
    await this.press(key);
    await this.page.waitForSelector('.quick-input-widget:visible input');
  }

  async close() {
    await this.press('Escape');
    await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
  }

  /** Runs a command of the palette by its full title, such as `Portolan: Show Status`. */
  async command(title) {
    await this.openInput('F1');
    await this.type(title);
    await this.until(this.rows, firstHolds(title.split(': ')[1]));
    await this.press('Enter');
  }

  /** Opens a file by its name and waits until it is the active one. The list may still be changing when Enter comes: then once more. */
  async openFile(name) {
    const wanted = holds(path.basename(name));
    for (let turn = 0; turn < 4; turn += 1) {
      await this.openInput('Control+P');
      await this.press('Control+A');
      await this.type(name);
      await this.until(this.rows, firstHolds(path.basename(name)));
      await this.press('Enter');
      if (wanted(await this.until(this.activeTab, wanted, 5))) {
        await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
        return;
      }
    }
    throw new Error(`${name} does not open`);
  }

  /** Opens the list for questions and types one. */
  async ask(question) {
    await this.command('Portolan: Ask a Question');
    await this.page.waitForSelector('.quick-input-widget:visible input[placeholder^="Ask in plain words"]');
    await this.press('Control+A');
    await this.type(question, { delay: 5 });
  }
}

/** Some of the texts (or the only one) contains the word. */
export const holds = (word) => (seen) => [seen].flat().some((text) => text.includes(word));

/** The first of the texts contains all words. */
export const firstHolds =
  (...words) =>
  (seen) =>
    seen.length > 0 && words.every((word) => seen[0].includes(word));
