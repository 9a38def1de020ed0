/** Which execution providers of ONNX Runtime can be used here. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export type ProviderName = 'cpu' | 'cuda';

/** An execution provider and whether its library can be found. */
export interface ProviderDescription {
  name: ProviderName;
  available: boolean;
  /** What was found, or what is missing and how to mend it; for people. */
  detail: string;
}

const require = createRequire(import.meta.url);

/** The folder of ONNX Runtime's binding for this platform, in which its provider libraries lie. */
function bindingFolder(): string {
  const packageFolder = path.dirname(require.resolve('onnxruntime-node/package.json'));
  return path.join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch);
}

/**
 * Looks for the libraries of each provider, without loading them: whether a driver and a device answer shows when a
 * session is made.
 */
export function describeProviders(folder: string = bindingFolder()): ProviderDescription[] {
  const hasBinding = fs.existsSync(path.join(folder, 'onnxruntime_binding.node'));
  return [
    {
      name: 'cpu',
      available: hasBinding,
      detail: hasBinding
        ? `ONNX Runtime ${runtimeVersion()} for ${process.platform} ${process.arch}`
        : `ONNX Runtime has no binary for ${process.platform} ${process.arch}; run npm ci again, or use another machine`,
    },
    describeCuda(folder),
  ];
}

function describeCuda(folder: string): ProviderDescription {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { name: 'cuda', available: false, detail: 'ONNX Runtime has CUDA for Node.js on Linux x64 only' };
  }
  const missing = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'].filter(
    (library) => !fs.existsSync(path.join(folder, library)),
  );
  if (missing.length > 0) {
    return {
      name: 'cuda',
      available: false,
      detail:
        `${missing.join(' and ')} not installed: copy them from onnxruntime-gpu ${runtimeVersion()} of PyPI beside ` +
        'onnxruntime_binding.node of the package onnxruntime-node',
    };
  }
  if (!fs.existsSync('/proc/driver/nvidia/version')) {
    return {
      name: 'cuda',
      available: false,
      detail: 'the CUDA provider is installed, but no NVIDIA driver is loaded',
    };
  }
  return { name: 'cuda', available: true, detail: `CUDA provider of ONNX Runtime ${runtimeVersion()}` };
}

function runtimeVersion(): string {
  return (require('onnxruntime-node/package.json') as { version: string }).version;
}
