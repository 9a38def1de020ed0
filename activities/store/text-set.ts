import { hash64 } from '../../stages/discover/assign-batches.ts';

/**
 * A set of texts that takes eight bytes a text, so that a run over many millions of files fits into memory. It holds
 * 64-bit hashes: of sets of ten million texts one in 370,000 takes two texts for one.
 */
export class TextSet {
  private hashes = new BigUint64Array(1024);
  private length = 0;
  private isSorted = true;

  add(text: string): void {
    if (this.length === this.hashes.length) {
      const larger = new BigUint64Array(2 * this.length);
      larger.set(this.hashes);
      this.hashes = larger;
    }
    this.hashes[this.length] = hash64(text);
    this.length += 1;
    this.isSorted = false;
  }

  has(text: string): boolean {
    this.sort();
    const wanted = hash64(text);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.hashes[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.length && this.hashes[low] === wanted;
  }

  /** How many different texts were added. */
  get size(): number {
    this.sort();
    let size = 0;
    for (let index = 0; index < this.length; index += 1) {
      if (index === 0 || this.hashes[index] !== this.hashes[index - 1]) size += 1;
    }
    return size;
  }

  private sort(): void {
    if (this.isSorted) return;
    this.hashes.subarray(0, this.length).sort();
    this.isSorted = true;
  }
}
