#!/usr/bin/env node
// Runs src/ in a checkout, where Node strips the types, or dist/ in an installed package.

// Older versions lack some exports of Node's modules, so nothing is imported before this check.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `error: Cloud Sync needs Node.js 24.15 or newer, but this is ${process.version}\n       Install a newer version from https://nodejs.org and run the command again.\n`,
  );
  process.exit(2);
}

const { existsSync } = await import('node:fs');

// The cache works only for code that is loaded later.
const { cacheCompiledCode } = await import('./compile-cache.js');
await cacheCompiledCode(process.argv.slice(2), process.env);

const source = new URL('../src/cli/main.ts', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), process.env, process);
