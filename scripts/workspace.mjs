// One door to the workspace for a machine that has Node >= 20 and npm, and nothing else. Plain JavaScript, no
// dependencies: it runs before anything is installed, on Nodes that can't load the packages themselves.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = '10.34.9';
const CLI = join(root, 'apps', 'orchestrator', 'src', 'main.ts');
const SOURCE_FLAGS = ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning'];

/** The packages' engines range, `^22.19.0 || ^24.15.0 || >=25.9.0`: node-seal 7 needs wasm exnref. */
function inRange(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return (major === 22 && minor >= 19) || (major === 24 && minor >= 15) || (major === 25 && minor >= 9) || major > 25;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options });
  if (error) fail(`${command}: ${error.message}`);
  if (signal) process.exit(1);
  return status ?? 1;
}

/** npm by the path it gave us, so that no shell and no PATH look-up is needed; its output goes to stderr. */
function npm(args, cwd) {
  const stdio = ['ignore', 2, 2];
  const cli = process.env.npm_execpath;
  const env = { ...process.env, npm_config_yes: 'true', npm_config_loglevel: 'error' };
  if (cli?.endsWith('npm-cli.js')) return run(process.execPath, [cli, ...args], { cwd, stdio, env });
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    cwd,
    stdio,
    env,
    shell: process.platform === 'win32',
  });
}

const digestOf = (...files) =>
  files.reduce((hash, file) => hash.update(readFileSync(join(root, file))), createHash('sha256')).digest('hex');

function once(marker, digest, install) {
  const path = join(root, marker);
  if (existsSync(path) && readFileSync(path, 'utf8') === digest) return;
  if (install() !== 0)
    fail('zkfl: the installation failed; the lines above say why. Run the same command again to retry.');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, digest);
}

/** The Node that runs the packages: the machine's own where it fits, else the one that the workspace brings. */
function chooseNode() {
  if (inRange(process.version)) return process.execPath;
  const name = { linux: `node-linux-${process.arch}`, win32: `node-win-${process.arch}` }[process.platform];
  const brings = JSON.parse(readFileSync(join(root, 'runtime', 'package.json'), 'utf8')).optionalDependencies;
  if (!name || !(name in brings))
    fail(
      `zkfl needs Node 22.19+, 24.15+ or 25.9+ (this is ${process.version}): install Node 24 LTS from your package manager.`,
    );
  once('runtime/node_modules/.zkfl-installed', digestOf('runtime/package-lock.json'), () => {
    console.error(`zkfl: Node ${process.version} is outside the packages' range; bringing Node ${brings[name]} along`);
    return npm(['ci', '--no-audit', '--no-fund'], join(root, 'runtime'));
  });
  return join(root, 'runtime', 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function installPackages() {
  once('node_modules/.zkfl-installed', digestOf('pnpm-lock.yaml', 'package.json'), () => {
    console.error('zkfl: installing the workspace (once)');
    return npm(['exec', '--yes', `--package=pnpm@${PNPM}`, '--', 'pnpm', 'install', '--frozen-lockfile'], root);
  });
}

installPackages();
const node = chooseNode();
const env = {
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
};
const tool = (path, args) => run(node, [join(root, 'node_modules', path), ...args], { env });
const inOrder = (...steps) => steps.reduce((status, step) => status || step(), 0);

const turbo = (...tasks) => tool('turbo/bin/turbo', ['run', ...tasks, '--output-logs=errors-only', '--concurrency=2']);
const vitest = (args) => tool('vitest/vitest.mjs', ['run', ...args]);
const check = () =>
  inOrder(
    () => tool('@biomejs/biome/bin/biome', ['ci', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.']),
    () =>
      tool('dependency-cruiser/bin/dependency-cruiser.mjs', [
        '--config',
        '.dependency-cruiser.mjs',
        'packages',
        'apps',
      ]),
    () => turbo('build', 'typecheck'),
  );
/** The coordinator serves pages that a bundler makes; turbo knows when they are as their sources are. */
function buildPages() {
  console.error('zkfl: building the dashboard where its sources have changed');
  const args = ['run', 'build', '--filter=@zkfl/dashboard', '--output-logs=errors-only'];
  const status = run(node, [join(root, 'node_modules/turbo/bin/turbo'), ...args], { env, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('zkfl: the dashboard could not be built; the lines above say why.');
}

const zkfl = (args) =>
  run(node, [...SOURCE_FLAGS, CLI, ...args], {
    env: { ...env, PATH: process.env.PATH },
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });

const commands = {
  start: (args) => zkfl(['simulate', ...args]),
  zkfl: (args) => {
    if (args[0] === 'coordinator' && !args.includes('--help')) buildPages();
    return zkfl(args);
  },
  build: () => turbo('build'),
  check,
  test: (args) => (args.length > 0 ? vitest(args) : inOrder(check, () => vitest([]))),
  nightly: (args) =>
    run(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], { env: { ...env, ZKFL_NIGHTLY: '1' } }),
};
const [command, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(commands, command ?? ''))
  fail(`workspace: unknown command ${command}; one of ${Object.keys(commands).join(', ')}`);
process.exit(commands[command](rest));
