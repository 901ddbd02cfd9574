import { gate } from './gate.ts';
import { publicStaging } from './kernels.ts';
import { refuseUnknownOptions, requireBytes } from './options.ts';
import { parameterSet, type SetName } from './parameters.ts';
import { updateBytes } from './wire.ts';

/**
 * The gate alone: throws where an aggregator's `add` would refuse the bytes, whatever was added before.
 * @throws {HeAggError} `encoding`, `transparent`; `options`, `parameters`, `range` for what the caller says
 */
export function checkUpdate(options: {
  readonly set: SetName;
  readonly dimension: number;
  readonly bytes: Uint8Array;
}): void {
  const operation = 'checkUpdate';
  refuseUnknownOptions(operation, options, ['set', 'dimension', 'bytes']);
  const { dimension, bytes } = options;
  const set = parameterSet(options.set);
  requireBytes(operation, 'bytes', bytes);
  const { kernel, at } = publicStaging(updateBytes(set, dimension));
  gate({ operation, kernel, at, bytes, set, dimension, kind: 'update' });
}
