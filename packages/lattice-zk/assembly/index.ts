export * from './ntt';
export * from './pointwise';
export { spongeReset, spongeAbsorb, spongeFinish, spongeSqueeze, spongeUniform, expandPair, streamStart, streamBytes, streamUniform, streamTernary, streamBinary } from './xof';

export function heapBase(): usize {
  return __heap_base;
}
