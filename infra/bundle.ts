import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { functionNames, type FunctionName } from '../src/aws/contract.ts';

const root = join(import.meta.dirname, '..');

// Some bundled packages are CommonJS and call `require`, which does not exist in an ES module.
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** The code of threads. It lies beside the function that starts them. */
export const threads: Partial<Record<FunctionName, Record<string, string>>> = {
  'video-downloader': { thread: 'src/lib/digest/thread.ts' },
};

/**
 * Bundles each function into its own folder with everything that the function needs. The SDK is
 * included, so that the deployed code is the tested code. Names of classes are kept, because the
 * code tells errors apart by name.
 */
export function bundleFunctions(): Readonly<Record<FunctionName, string>> {
  const entries = functionNames.map((name) => [name, bundle(name)] as const);
  return Object.fromEntries(entries) as Record<FunctionName, string>;
}

function bundle(name: FunctionName): string {
  const folder = join(root, '.cache/functions', name);
  bundleInto(folder, { index: `src/aws/functions/${name}.ts`, ...threads[name] });
  return folder;
}

/** Bundles files into a folder. `entryPoints` has the new name of each file. */
export function bundleInto(folder: string, entryPoints: Record<string, string>): void {
  buildSync({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: banner },
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
}
