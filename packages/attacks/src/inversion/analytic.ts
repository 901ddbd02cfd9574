import { type MlpSpec, modelLayout } from '@zkfl/fl-core';
import { AttackError, requireInteger } from '../errors.ts';

/** One reading of the first layer. */
export interface AnalyticCandidate {
  readonly neuron: number;
  /** |bias gradient|: how much signal the reading has. */
  readonly strength: number;
  /** What the network was fed, if this neuron saw one sample alone; else a weighted mean of the samples that it saw. */
  readonly input: Float32Array<ArrayBuffer>;
}

/**
 * Reads inputs off the gradient of a first dense layer: ∂L/∂W[:, j] = x·∂L/∂b[j], so one divided by the other is x,
 * exactly, for a batch of 1 (Phong et al. 2018; Geiping et al. 2020, Proposition 3.1). Also the update of one SGD step
 * does: the learning rate cancels. Strongest neurons first, at most `most` (default 16).
 */
export function analyticInversion(spec: MlpSpec, gradient: ArrayLike<number>, most = 16): AnalyticCandidate[] {
  const [kernel, bias] = modelLayout(spec);
  requireInteger('analyticInversion', 'most', most, 1);
  if (gradient.length <= bias!.offset + bias!.size)
    throw new AttackError('model-size', {
      operation: 'analyticInversion',
      field: 'gradient',
      got: gradient.length,
      want: `the ${spec.inputs}-input model's`,
    });
  const strength = (neuron: number) => Math.abs(gradient[bias!.offset + neuron]!);
  const order = Array.from({ length: bias!.size }, (_, neuron) => neuron)
    .filter((neuron) => strength(neuron) > 0)
    .sort((a, b) => strength(b) - strength(a));
  return order.slice(0, most).map((neuron) => {
    const input = new Float32Array(spec.inputs);
    const divisor = gradient[bias!.offset + neuron]!;
    for (let i = 0; i < input.length; i++) input[i] = gradient[kernel!.offset + i * bias!.size + neuron]! / divisor;
    return { neuron, strength: strength(neuron), input };
  });
}
