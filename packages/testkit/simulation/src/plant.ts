// Plants a bug in the sources of this process as they are loaded: `node --import ./plant.ts`, with the patch in
// QPC_PLANTED. Nothing on the disk changes.
import { registerHooks, type LoadFnOutput } from 'node:module';
import { readPlantedBug, type FileChange } from './patch.ts';

const ROOT = new URL('../../../../', import.meta.url);

const file = process.env['QPC_PLANTED'];
if (file === undefined) throw new Error('QPC_PLANTED must name the patch');

/** What is not loaded yet, by the address of the module. */
const missing = new Map<string, FileChange>(
  readPlantedBug(file).changes.map((change) => [new URL(change.path, ROOT).href, change]),
);

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    const change = missing.get(url);
    if (change === undefined) return loaded;
    missing.delete(url);
    return { ...loaded, source: change.apply(textOf(loaded.source)) };
  },
});

function textOf(source: LoadFnOutput['source']): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}

process.on('exit', () => {
  for (const { path } of missing.values()) {
    console.error(`plant: ${path} was never loaded, so that the bug was not there`);
    process.exitCode = 2;
  }
});
