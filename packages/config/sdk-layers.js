/**
 * The folders of packages/sdk/src, from what callers hold down to what knows nothing of the rest. Imports only go down:
 * a folder may import those of later lines, and of its own line only itself.
 */
export const LAYERS = [
  ['api'],
  ['sync'],
  ['outbox'],
  ['log'],
  ['content'],
  ['account'],
  ['state'],
  ['keys'],
  ['transport', 'worker'],
  ['storage'],
  ['platform'],
  ['model'],
];

/** The folders that a folder must not import. */
export function forbiddenTo(folder) {
  const line = LAYERS.findIndex((folders) => folders.includes(folder));
  return LAYERS.slice(0, line + 1)
    .flat()
    .filter((other) => other !== folder);
}

/** The restricted import patterns of one folder. */
export function layerPatterns(folder) {
  const layers = forbiddenTo(folder).map((other) => ({
    group: [`**/${other}/*`],
    message: `${folder}/ must not import ${other}/: the SDK's layers import downwards only (${chain()}).`,
  }));
  return [...layers, ENTRANCES, ...(PLACED.includes(folder) ? [] : [ADAPTERS])];
}

/** What leads to every layer at once: the files beside the folders, a folder as a whole, and the package by its name. */
const ENTRANCES = {
  regex: '^(\\.\\./)+[^/]*$|(^|/)dist/|^@quicprochat/sdk(/|$)',
  message: 'The entrances of the SDK are for others: inside, import the file of the layer that has it.',
};

/** The folders that may take the platform of the place that they run in. */
const PLACED = ['api', 'storage', 'platform'];

const ADAPTERS = {
  regex: '^#platform$|/platform/(?!(platform|files)\\.ts$)',
  message: 'A Platform is handed in: whoever takes the one of the place itself cannot be simulated.',
};

function chain() {
  return LAYERS.map((folders) => (folders.length === 1 ? folders[0] : `{${folders.join(', ')}}`)).join(
    ' -> ',
  );
}
