#!/usr/bin/env node
// Judges the pages of a built site by other people's programs: axe-core (accessibility, contrast of WCAG AA in light and dark) in
// Chromium, and html-validate (the HTML standard) over every page.
//
// Not run by `cargo test`: it installs both from npm into a temporary folder. Run it as
//
//     node tests/pages_by_other_checkers.mjs target/debug/avalaches
//
// It builds the shipped archive and one with hostile articles, opens a page of each kind, presses the buttons there, and exits
// with 1 if anything is found. It needs Node 20, npm, and the Debian packages chromium and chromium-driver.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const CHROMIUM = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
// The rules of HTML, not of taste: the pages may have blanks, dashes and elements in whichever form the standard allows.
const RULES = { extends: ['html-validate:standard', 'html-validate:a11y'], rules: { 'no-inline-style': 'error', 'no-trailing-whitespace': 'off' } };

const folder = mkdtempSync(join(tmpdir(), 'avalaches-pages-'));
const program = resolve(process.argv[2] || join(ROOT, 'target/debug/avalaches'));
const run = (file, ...words) => execFileSync(file, words, { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });

// Builds the sites: the shipped archive's, and one in English with what nobody should write.
function build() {
  cpSync(join(ROOT, 'archive'), join(folder, 'shipped'), { recursive: true });
  run(program, '--archive', 'shipped', 'build', 'site');
  run(program, 'init', 'other', '--title', 'A <b>title</b> & "more"', '--byline', 'Desk', '--archived-at', '2026-01-22');
  const attempts = readFileSync(join(ROOT, 'tests/pages/hostile.txt'), 'utf8').trimEnd().split('\n');
  const lines = attempts.map((attempt, number) => JSON.stringify({
    slug: `attempt-${number}`, date: '2026-01-22', form: 'text', page: `${attempt}\n\nleft\u202ethgir\n\n- a\n- b\n`, title: attempt, tags: [attempt],
  }));
  writeFileSync(join(folder, 'hostile.jsonl'), lines.join('\n'));
  run(program, '--archive', 'other', 'import', 'hostile.jsonl', '--allow-invisible', '--archived-at', '2026-01-23');
  run(program, '--archive', 'other', 'build', 'other-site');
}

const pages = site => readdirSync(join(folder, site), { recursive: true }).filter(name => name.endsWith('.html')).sort();

// A browser over the WebDriver protocol.
async function browser() {
  const driver = spawn('chromedriver', ['--port=0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let port;
  for await (const line of createInterface({ input: driver.stdout })) {
    port = line.match(/started successfully on port (\d+)/)?.[1];
    if (port) break;
  }
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(value.message);
    return value;
  };
  const args = [...CHROMIUM, `--user-data-dir=${join(folder, 'profile')}`];
  const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: { 'goog:chromeOptions': { args } } } });
  const session = `/session/${sessionId}`;
  return {
    open: name => ask('POST', `${session}/url`, { url: `file://${join(folder, name)}` }),
    size: (width, height) => ask('POST', `${session}/window/rect`, { width, height }),
    run: (script, ...args) => ask('POST', `${session}/execute/async`, {
      script: `const done = arguments[arguments.length - 1]; (async (...args) => { ${script} })(...arguments).then(done, e => done({ threw: String(e) }));`,
      args,
    }),
    scheme: value => ask('POST', `${session}/goog/cdp/execute`, {
      cmd: 'Emulation.setEmulatedMedia', params: { features: [{ name: 'prefers-color-scheme', value }] },
    }),
    close: async () => {
      await ask('DELETE', session);
      driver.kill();
    },
  };
}

const PRESS = `
  const button = document.querySelector('#check button, #verify button');
  if (!button) return;
  button.click();
  const place = document.querySelector('#check [role=status], #verify [role=status]');
  while (!place.textContent || place.closest('#check') && !place.dataset.verdict) await new Promise(later => setTimeout(later, 5));`;

const AXE = `
  const { violations, incomplete, passes } = await axe.run(document, { resultTypes: ['violations', 'incomplete'] });
  const told = found => found.map(({ id, impact, help, nodes }) => \`\${id} (\${impact}): \${help}: \${nodes.slice(0, 3).map(node => node.target + ' ' + (node.any[0]?.message || '')).join(' | ')}\`);
  return { violations: told(violations), incomplete: told(incomplete), passes: passes.length };`;

async function accessible() {
  const axe = readFileSync(join(folder, 'node_modules/axe-core/axe.min.js'), 'utf8');
  const views = await browser();
  let found = 0, looked = 0;
  try {
    const shipped = pages('site').map(name => join('site', name));
    const others = pages('other-site').map(name => join('other-site', name)).filter((_, at) => at % 20 === 0);
    for (const name of [...shipped, ...others]) {
      for (const [scheme, width] of [['light', 1200], ['dark', 1200], ['light', 360], ['dark', 360]]) {
        await views.size(width, 900);
        await views.scheme(scheme);
        await views.open(name);
        await views.run(PRESS);
        await views.run(`${axe}\nwindow.axe = axe;`);
        const { threw, violations, incomplete, passes } = await views.run(AXE);
        if (threw || !passes) throw new Error(`${name}: ${threw}`);
        for (const what of violations) console.log(`${name}, ${scheme}, ${width}: ${what}`);
        if (process.env.INCOMPLETE) for (const what of incomplete) console.log(`${name}, ${scheme}, ${width}, to be looked at: ${what}`);
        found += violations.length;
        looked += 1;
      }
    }
  } finally {
    await views.close();
  }
  console.log(`axe-core: ${found} violations in ${looked} views`);
  return found;
}

async function valid() {
  const { HtmlValidate } = await import(join(folder, 'node_modules/html-validate/dist/esm/index.js'));
  const checker = new HtmlValidate(RULES);
  let found = 0, looked = 0;
  for (const site of ['site', 'other-site']) {
    for (const name of pages(site)) {
      const report = await checker.validateString(readFileSync(join(folder, site, name), 'utf8'), name);
      for (const message of report.results.flatMap(result => result.messages)) {
        found += 1;
        if (found < 50) console.log(`${site}/${name}:${message.line}:${message.column}: ${message.ruleId}: ${message.message}`);
      }
      looked += 1;
    }
  }
  console.log(`html-validate: ${found} messages about ${looked} pages`);
  return found;
}

try {
  // With the user's own settings: which registry, through which proxy.
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', '--prefix', folder, 'axe-core@4', 'html-validate@10']);
  build();
  const found = await valid() + await accessible();
  process.exitCode = found ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
