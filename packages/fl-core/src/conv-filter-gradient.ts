import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type {
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropFilterInputs,
  KernelConfig,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';

const KERNEL = 'Conv2DBackpropFilter';

/**
 * The one kernel that convolution training lacks on the wasm engine (tensorflow/tfjs issue 8474): filter gradient =
 * im2col(x)ᵀ · dy by the engine's own matrix product. Registered once; a release of the engine that brings its own
 * kernel wins.
 */
export function registerConv2DBackpropFilter(tf: TensorFlow): void {
  if (tf.getKernel(KERNEL, 'wasm')) return;
  const config: KernelConfig = {
    kernelName: KERNEL,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, dy } = inputs as { [name in keyof Conv2DBackpropFilterInputs]: TensorInfo };
      const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs;
      const wasm = backend as BackendWasm;
      const info = tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
        false,
        tf.backend_util.convertConv2DDataFormat(dataFormat),
      );
      const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = info;
      const { strideHeight, strideWidth, outChannels } = info;
      const { top, left } = info.padInfo;
      const pixels = batchSize * outHeight * outWidth;
      // [1, filterHeight·filterWidth·inChannels, pixels]
      const columns = wasm.makeOutput([1, filterHeight * filterWidth * inChannels, pixels], 'float32');
      // Heap views die when the heap grows: nothing is allocated between here and the end of the loops.
      const out = wasm.typedArrayFromHeap(columns) as Float32Array;
      const image = wasm.typedArrayFromHeap(x) as Float32Array;
      let p = 0;
      for (let fh = 0; fh < filterHeight; fh++)
        for (let fw = 0; fw < filterWidth; fw++)
          for (let c = 0; c < inChannels; c++)
            for (let b = 0; b < batchSize; b++)
              for (let i = 0; i < outHeight; i++) {
                const y = i * strideHeight + fh - top;
                if (y < 0 || y >= inHeight) {
                  out.fill(0, p, p + outWidth);
                  p += outWidth;
                  continue;
                }
                let column = fw - left;
                let q = ((b * inHeight + y) * inWidth + column) * inChannels + c;
                for (let j = 0; j < outWidth; j++, column += strideWidth, q += strideWidth * inChannels)
                  out[p++] = column < 0 || column >= inWidth ? 0 : image[q]!;
              }
      const product = tf.getKernel('BatchMatMul', 'wasm').kernelFunc({
        inputs: { a: columns, b: { dataId: dy.dataId, shape: [1, pixels, outChannels], dtype: 'float32' } },
        backend,
        attrs: { transposeA: false, transposeB: false },
      });
      wasm.disposeData(columns.dataId);
      const { dataId } = Array.isArray(product) ? product[0]! : product;
      return { dataId, shape: filterShape, dtype: 'float32' };
    },
  };
  tf.registerKernel(config);
}
