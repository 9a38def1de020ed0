import type { HeaderEvidence } from '../records.ts';

type KernelClass = NonNullable<HeaderEvidence['kernelClass']>;

/** One line a rule: vendor (as a pattern of Manufacturer), kernel, class. The first that fits counts. */
const RULES: readonly [vendor: RegExp, kernel: RegExp, kernelClass: KernelClass][] = [
  // GE names its kernels by use.
  [/ge|general electric/, /^(standard|std|stnd|soft|detail)/, 'soft'],
  [/ge|general electric/, /^lung/, 'lung'],
  [/ge|general electric/, /^(bone|boneplus|edge|ultra)/, 'bone'],
  // Siemens: letter for the use, number for the sharpness. From B50 on a kernel serves lung and bone: silent.
  [/siemens/, /^(b|i|br|qr|hr|bf|bv|d|h|j|hc|t)[1-4]\d/, 'soft'],
  [/siemens/, /^bl5\d/, 'lung'],
  [/siemens/, /^(hr|h|j|u)(6|7)\d/, 'bone'],
  // Philips: A to C are smooth, D is for bone, L for lung; UA to UC are for the brain.
  [/philips|marconi|picker/, /^(a|b|c|ua|ub|uc|ec|sa)$/, 'soft'],
  [/philips|marconi|picker/, /^(d|yd)$/, 'bone'],
  [/philips|marconi|picker/, /^l$/, 'lung'],
  // Toshiba and Canon: FC01-19 body, FC20-29 brain, FC30-39 bone and inner ear, FC50-59 lung.
  [/toshiba|canon/, /^fc(0|1|2)\d/, 'soft'],
  [/toshiba|canon/, /^fc3\d/, 'bone'],
  [/toshiba|canon/, /^fc5\d/, 'lung'],
  // Whoever made it, a kernel that is named by its use.
  [/./, /^(standard|soft|body soft|smooth)/, 'soft'],
  [/./, /^lung/, 'lung'],
  [/./, /^bone/, 'bone'],
];

/**
 * Class of a reconstruction kernel; null when the vendor or the kernel is not known, or the kernel serves several
 * uses.
 */
export function describeKernel(kernel: string | null, manufacturer: string | null): KernelClass | null {
  if (kernel === null) return null;
  const first = kernel.split('\\')[0]?.trim().toLowerCase() ?? '';
  const vendor = manufacturer?.trim().toLowerCase() || '?';
  return RULES.find(([vendors, kernels]) => vendors.test(vendor) && kernels.test(first))?.[2] ?? null;
}
