export * from './gaussian';
export * from './integers';
export * from './ntt';
export * from './pointwise';
export * from './projection';
export * from './residues';
export {
  expandPair, spongeAbsorb, spongeFinish, spongeReset, spongeSqueeze, spongeUniform, streamBinary, streamBytes, streamStart,
  streamTernary, streamUniform,
} from './xof';

export function heapBase(): usize {
  return __heap_base;
}
