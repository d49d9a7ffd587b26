/**
 * Watches how large the memory of the next WebAssembly module becomes; its glue does not show it. Memories never
 * shrink, so the size now is the peak.
 */
export function watchMemory(): () => number {
  const memories: WebAssembly.Memory[] = [];
  const watch = (result: WebAssembly.WebAssemblyInstantiatedSource | WebAssembly.Instance) => {
    const { exports } = 'instance' in result ? result.instance : result;
    for (const exported of Object.values(exports)) {
      if (exported instanceof WebAssembly.Memory) memories.push(exported);
    }
    return result;
  };
  for (const name of ['instantiate', 'instantiateStreaming'] as const) {
    const original = WebAssembly[name] as (
      ...parameters: unknown[]
    ) => Promise<WebAssembly.WebAssemblyInstantiatedSource>;
    Object.assign(WebAssembly, {
      [name]: async (...parameters: unknown[]) => watch(await original.apply(WebAssembly, parameters)),
    });
  }
  return () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
