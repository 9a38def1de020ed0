/** The code of a pipeline's plugins: checked, imported, and found again by its digest. */
import { createHash } from 'node:crypto';
import type { Pipeline } from '../pipelines/schema.ts';
import type { ConfiguredPlugin, ExclusionPlugin } from '../stages/group/exclusion-plugins.ts';
import { StageFailure } from './failures.ts';

/** Code of plugins by its SHA-256. It travels in the private settings of a run, never in a history. */
export type PluginCode = Readonly<Record<string, string>>;

/** A module is no plugin. Messages say what is expected. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/** An entry of a resolved pipeline: `NAME#SHA256` instead of the path, so that changed code is a changed pipeline. */
export function referenceOf(plugin: ExclusionPlugin, code: string): string {
  return `${plugin.name}#${digestOfCode(code)}`;
}

function digestOfCode(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}

/**
 * Runs a module and takes its default export. Its digest stands for all that it does, so it may import nothing but what
 * comes with Node.
 * @throws PluginError
 */
export async function importPlugin(code: string): Promise<ExclusionPlugin> {
  const foreign = importsOf(code).find((specifier) => !specifier.startsWith('node:'));
  if (foreign !== undefined) {
    throw new PluginError(
      `imports ${JSON.stringify(foreign)}: a plugin is one .mjs file that imports only node: modules`,
    );
  }
  let exported: unknown;
  try {
    const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
    exported = ((await import(/* @vite-ignore */ url)) as { default?: unknown }).default;
  } catch (error) {
    throw new PluginError('cannot be loaded as a module', { cause: error });
  }
  const { name, exclude } = (exported ?? {}) as Partial<Record<keyof ExclusionPlugin, unknown>>;
  if (typeof name !== 'string' || name.length > 32 || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    throw new PluginError('exports no plugin: default.name has to be lower-case words joined by hyphens');
  if (typeof exclude !== 'function')
    throw new PluginError('exports no plugin: default.exclude has to be a function');
  return exported as ExclusionPlugin;
}

const IMPORT = /(?:\bfrom|\bimport\s*\(|^\s*import|;\s*import)\s*(['"`])(?<specifier>[^'"`\n]+)\1/gm;

/** Specifiers that the code names outside of comments, whose types may come from anywhere. */
function importsOf(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...bare.matchAll(IMPORT)].map(({ groups }) => groups?.specifier ?? '');
}

/**
 * The plugins of a resolved pipeline.
 * @throws StageFailure `plugin-missing` when the code is not there, or not the one that is named
 */
export async function loadPlugins(
  entries: Pipeline['plugins'],
  code: PluginCode,
): Promise<ConfiguredPlugin[]> {
  return Promise.all(
    (entries ?? []).map(async ({ module, options }) => {
      const [name, sha256 = ''] = module.split('#');
      const text = code[sha256];
      if (text === undefined || digestOfCode(text) !== sha256) {
        const message = `The code of the plugin ${name} is not in the state of the run.`;
        throw new StageFailure('plugin-missing', 'environment', message);
      }
      return { plugin: await importPlugin(text), options };
    }),
  );
}
