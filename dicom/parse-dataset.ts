import type { DicomDataset, DicomElement, DicomItem } from './dataset.ts';
import { DicomError } from './errors.ts';
import { implicitVrOf, resolveVr } from './implicit-vr.ts';
import { lookUpTag, TAGS } from './tags.ts';
import { VR_BY_CODE } from './vr.ts';

export interface ReadLimits {
  /** Items within items; the data set of the file is depth 0. */
  maxDepth: number;
  /** Elements, items and fragments together. */
  maxElements: number;
}

export interface ParseOptions {
  /** Stop at Pixel Data of the top level. */
  stopAtPixelData?: boolean;
  /** Stop at the first element of another group: the File Meta. */
  onlyGroup?: number;
}

export interface ParseResult {
  dataset: DicomDataset;
  /** Past the last complete element. */
  endOffset: number;
  /** The bytes end within an element; `dataset` holds the complete ones before it. */
  truncated: boolean;
  reachedPixelData: boolean;
}

/** A data set or a sequence that is open. The stack is ours, so that no nesting can overflow the engine's. */
interface OpenDataset {
  kind: 'dataset';
  dataset: DicomDataset;
  item: DicomItem | null;
  /** Where it ends; where it ends at the latest if its length is undefined. */
  limit: number;
}

interface OpenSequence {
  kind: 'sequence';
  element: DicomElement;
  items: DicomItem[];
  parent: DicomDataset;
  limit: number;
  /** How its items are written: `detect` in UN, whose writers differ. */
  vr: 'explicit' | 'implicit' | 'detect';
  littleEndian: boolean;
}

/** What one step of the parser came to. */
type Step = 'on' | 'done' | 'cut';

type ElementHeader = { element: DicomElement; explicitVr: boolean };

const UNDEFINED_LENGTH = 0xffffffff;
/** (FFFE,E000) as it stands in a little endian file. */
const LITTLE_ENDIAN_ITEM = 0xe000fffe;

/**
 * Parses the data set that begins at `offset`, iteratively, in one pass, every length checked against what is left.
 * @throws DicomError `damaged`, `too-deep`, `too-large`; a cut-off data set is not an error here, see `truncated`
 */
export function parseDataset(
  bytes: Uint8Array,
  offset: number,
  encoding: { explicitVr: boolean; littleEndian: boolean },
  limits: ReadLimits,
  options: ParseOptions = {},
): ParseResult {
  return new Parser(bytes, limits, options).parse(offset, encoding);
}

class Parser {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: ReadLimits;
  readonly #options: ParseOptions;
  readonly #stack: (OpenDataset | OpenSequence)[] = [];
  /** Elements of implicit data sets whose VR hangs on Pixel Representation, which may come later. */
  readonly #ambiguous: { dataset: DicomDataset; element: DicomElement }[] = [];
  #offset = 0;
  #count = 0;
  #depth = 0;
  #endOffset = 0;
  #reachedPixelData = false;

  constructor(bytes: Uint8Array, limits: ReadLimits, options: ParseOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.#options = options;
  }

  parse(offset: number, encoding: { explicitVr: boolean; littleEndian: boolean }): ParseResult {
    const explicitVr = this.#detectExplicitVr(offset, encoding.explicitVr, encoding.littleEndian);
    const { littleEndian } = encoding;
    const dataset: DicomDataset = { elements: new Map(), explicitVr, littleEndian, parent: null };
    this.#offset = offset;
    this.#endOffset = offset;
    this.#stack.push({ kind: 'dataset', dataset, item: null, limit: this.#bytes.length });
    const end = this.#run(0);
    for (const ambiguous of this.#ambiguous) resolveVr(ambiguous.dataset, ambiguous.element, this.#view);
    return {
      dataset,
      endOffset: this.#endOffset,
      truncated: end === 'cut',
      reachedPixelData: this.#reachedPixelData,
    };
  }

  /** Steps until the stack is as high as `floor`, or until there is nothing more to read. */
  #run(floor: number): Step {
    while (this.#stack.length > floor) {
      const top = this.#stack[this.#stack.length - 1]!;
      const step = top.kind === 'dataset' ? this.#stepDataset(top) : this.#stepSequence(top);
      if (step !== 'on') return step;
    }
    return 'done';
  }

  #stepDataset(open: OpenDataset): Step {
    const at = this.#offset;
    const { dataset, item, limit } = open;
    if (at === limit && !item?.undefinedLength) return item === null ? 'done' : this.#closeItem(open);
    if (limit - at < 8) return item === null && this.#isPadding(at) ? 'done' : this.#overrun(limit);
    const tagNumber = this.#readTag(at, dataset.littleEndian);
    if (tagNumber === TAGS.ItemDelimitationItem && item !== null) {
      // A delimiter at the very end of an item with a length is superfluous, and met in the wild.
      if (!item.undefinedLength && at + 8 !== limit) throw new DicomError('damaged', 'an item delimiter');
      this.#offset += 8;
      return this.#closeItem(open);
    }
    if (tagNumber >>> 16 === 0xfffe) throw new DicomError('damaged', 'a delimiter without its sequence');
    if (item === null) {
      if (this.#options.onlyGroup !== undefined && tagNumber >>> 16 !== this.#options.onlyGroup)
        return 'done';
      if (tagNumber === 0 && this.#isPadding(at)) return 'done';
    }
    this.#countOne();
    const header = this.#readHeader(tagNumber, dataset, limit);
    if (header === undefined) return this.#overrun(limit);
    if (item === null && isPixelData(tagNumber)) {
      this.#reachedPixelData = true;
      if (this.#options.stopAtPixelData === true) {
        dataset.elements.set(tagNumber, header.element);
        this.#endOffset = header.element.headerOffset;
        return 'done';
      }
    }
    return this.#readValue(open, header);
  }

  #stepSequence(open: OpenSequence): Step {
    const at = this.#offset;
    const { element, limit } = open;
    if (at === limit && !element.undefinedLength) return this.#closeSequence(open);
    if (limit - at < 8) return this.#overrun(limit);
    const tagNumber = this.#readTag(at, open.littleEndian);
    const length = this.#view.getUint32(at + 4, open.littleEndian);
    this.#offset = at + 8;
    if (tagNumber === TAGS.SequenceDelimitationItem) {
      if (!element.undefinedLength && this.#offset !== limit) {
        throw new DicomError('damaged', 'a sequence delimiter');
      }
      return this.#closeSequence(open);
    }
    if (tagNumber !== TAGS.Item) throw new DicomError('damaged', 'no item where one must be');
    this.#countOne();
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth) throw new DicomError('too-deep');
    const undefinedLength = length === UNDEFINED_LENGTH;
    const itemLimit = undefinedLength ? limit : this.#offset + length;
    if (itemLimit > limit) return this.#overrun(limit);
    const { littleEndian, parent } = open;
    const explicitVr =
      open.vr === 'implicit'
        ? false
        : this.#detectExplicitVr(this.#offset, open.vr === 'explicit', littleEndian);
    const dataset: DicomDataset = { elements: new Map(), explicitVr, littleEndian, parent };
    const item: DicomItem = { dataset, headerOffset: at, endOffset: at, undefinedLength };
    open.items.push(item);
    this.#stack.push({ kind: 'dataset', dataset, item, limit: itemLimit });
    return 'on';
  }

  /** Undefined where the header itself does not fit. */
  #readHeader(tagNumber: number, dataset: DicomDataset, limit: number): ElementHeader | undefined {
    const at = this.#offset;
    const view = this.#view;
    const { littleEndian } = dataset;
    let vr: string;
    let length: number;
    let dataOffset = at + 8;
    let { explicitVr } = dataset;
    const code = explicitVr ? view.getUint16(at + 4, true) : 0;
    const known = explicitVr ? VR_BY_CODE.get(code) : undefined;
    if (known !== undefined) {
      vr = known.vr;
      if (known.long) {
        if (limit - at < 12) return undefined;
        length = view.getUint32(at + 8, littleEndian);
        dataOffset = at + 12;
      } else length = view.getUint16(at + 6, littleEndian);
    } else if (explicitVr && isLetter(code & 0xff) && isLetter(code >> 8)) {
      // A VR of the future has a long length by the standard, a short one by most programs that invent VRs.
      vr = String.fromCharCode(code & 0xff, code >> 8);
      length = view.getUint16(at + 6, littleEndian);
      if (length === 0 && limit - at >= 12 && view.getUint32(at + 8, littleEndian) <= limit - at - 12) {
        length = view.getUint32(at + 8, littleEndian);
        dataOffset = at + 12;
      }
    } else {
      // Some writers fall back to implicit VR within an explicit data set.
      explicitVr = false;
      length = view.getUint32(at + 4, littleEndian);
      vr = implicitVrOf(tagNumber);
    }
    const undefinedLength = length === UNDEFINED_LENGTH;
    const element: DicomElement = {
      tag: tagNumber,
      vr,
      headerOffset: at,
      dataOffset,
      length: undefinedLength ? 0 : length,
      endOffset: undefinedLength ? dataOffset : dataOffset + length,
      undefinedLength,
    };
    if (!explicitVr && vr.length > 2) this.#ambiguous.push({ dataset, element });
    return { element, explicitVr };
  }

  #readValue(open: OpenDataset, { element, explicitVr }: ElementHeader): Step {
    const { dataset, limit } = open;
    const { littleEndian } = dataset;
    const pixels = element.tag === TAGS.PixelData;
    this.#offset = element.dataOffset;
    if (element.undefinedLength) {
      if (element.vr === 'SQ') return this.#openSequence(open, element, explicitVr, littleEndian, limit);
      if (element.vr === 'UN' && !pixels) {
        // UN holds implicit little endian (PS3.5 section 6.2.2), even in a big endian file; not all writers know.
        const little =
          limit - this.#offset < 4 || this.#view.getUint32(this.#offset, true) === LITTLE_ENDIAN_ITEM;
        return this.#openSequence(open, element, explicitVr ? 'detect' : false, little, limit);
      }
      return this.#readFragments(open, element);
    }
    if (element.endOffset > limit) return this.#overrun(limit);
    if (element.vr === 'SQ') {
      if (element.length === 0) element.items = [];
      else return this.#openSequence(open, element, explicitVr, littleEndian, element.endOffset);
    } else if (element.vr === 'UN' && explicitVr && element.length >= 8 && !pixels) {
      this.#tryItems(open, element);
    }
    this.#offset = element.endOffset;
    return this.#addElement(dataset, element);
  }

  #openSequence(
    { dataset }: OpenDataset,
    element: DicomElement,
    vr: boolean | 'detect',
    littleEndian: boolean,
    limit: number,
  ): Step {
    this.#stack.push({
      kind: 'sequence',
      element,
      items: [],
      parent: dataset,
      limit,
      vr: vr === 'detect' ? vr : vr ? 'explicit' : 'implicit',
      littleEndian,
    });
    return 'on';
  }

  /**
   * A sequence that a program without its dictionary entry rewrote as UN with a length. Its items are read where that
   * works, and it stays mere bytes where it does not.
   */
  #tryItems(open: OpenDataset, element: DicomElement): void {
    if (lookUpTag(element.tag)?.vr !== 'SQ') return;
    const floor = this.#stack.length;
    const depth = this.#depth;
    const ambiguous = this.#ambiguous.length;
    const little = this.#view.getUint32(element.dataOffset, true) === LITTLE_ENDIAN_ITEM;
    this.#openSequence(open, element, 'detect', little, element.endOffset);
    try {
      if (this.#run(floor) === 'done') return;
    } catch (error) {
      if (!(error instanceof DicomError) || error.code !== 'damaged') throw error;
    }
    this.#stack.length = floor;
    this.#depth = depth;
    this.#ambiguous.length = ambiguous;
  }

  /** PS3.5 annex A.4: a basic offset table, then fragments, then a delimiter. */
  #readFragments({ dataset, limit }: OpenDataset, element: DicomElement): Step {
    const { littleEndian } = dataset;
    const fragments: { offset: number; length: number }[] = [];
    let table: number[] | undefined;
    for (;;) {
      const at = this.#offset;
      if (limit - at < 8) return this.#overrun(limit);
      const tagNumber = this.#readTag(at, littleEndian);
      const length = this.#view.getUint32(at + 4, littleEndian);
      this.#offset = at + 8;
      if (tagNumber === TAGS.SequenceDelimitationItem) break;
      if (tagNumber !== TAGS.Item) throw new DicomError('damaged', 'no fragment where one must be');
      if (length > limit - this.#offset) return this.#overrun(limit);
      this.#countOne();
      if (table === undefined) {
        table = [];
        for (let word = 0; word + 4 <= length; word += 4) {
          table.push(this.#view.getUint32(this.#offset + word, littleEndian));
          this.#countOne();
        }
      } else fragments.push({ offset: this.#offset, length });
      this.#offset += length;
    }
    element.length = this.#offset - 8 - element.dataOffset;
    element.endOffset = this.#offset;
    element.fragments = fragments;
    element.basicOffsetTable = table ?? [];
    return this.#addElement(dataset, element);
  }

  #closeItem({ item }: OpenDataset): Step {
    if (item !== null) item.endOffset = this.#offset;
    this.#depth -= 1;
    this.#stack.pop();
    return 'on';
  }

  #closeSequence({ element, items, parent }: OpenSequence): Step {
    this.#stack.pop();
    if (element.undefinedLength) element.length = this.#offset - 8 - element.dataOffset;
    element.endOffset = this.#offset;
    element.items = items;
    return this.#addElement(parent, element);
  }

  #addElement(dataset: DicomDataset, element: DicomElement): Step {
    dataset.elements.set(element.tag, element);
    if (dataset.parent === null) this.#endOffset = this.#offset;
    return 'on';
  }

  #readTag(at: number, littleEndian: boolean): number {
    const view = this.#view;
    return view.getUint16(at, littleEndian) * 0x10000 + view.getUint16(at + 2, littleEndian);
  }

  /** Whether the data set at `at` is explicit, by its first element: what the file says is not always so. */
  #detectExplicitVr(at: number, stated: boolean, littleEndian: boolean): boolean {
    if (at + 8 > this.#bytes.length) return stated;
    const tagNumber = this.#readTag(at, littleEndian);
    if (tagNumber >>> 16 === 0xfffe) return stated;
    const code = this.#view.getUint16(at + 4, true);
    if (stated) return isLetter(code & 0xff) && isLetter(code >> 8);
    const known = VR_BY_CODE.get(code);
    if (known === undefined) return false;
    const entry = lookUpTag(tagNumber);
    if (entry === undefined) return (tagNumber & 0xffff) === 0 && known.vr === 'UL';
    return known.vr === 'UN' || entry.vrs.includes(known.vr);
  }

  /** What is left is nothing but padding: bytes of zero, or less than a header behind Pixel Data. */
  #isPadding(at: number): boolean {
    if (this.#reachedPixelData && this.#bytes.length - at < 8) return true;
    for (let index = at; index < this.#bytes.length; index += 1) if (this.#bytes[index] !== 0) return false;
    return true;
  }

  #overrun(limit: number): Step {
    if (limit === this.#bytes.length) return 'cut';
    throw new DicomError('damaged', 'a length beyond its item or sequence');
  }

  #countOne(): void {
    this.#count += 1;
    if (this.#count > this.#limits.maxElements) throw new DicomError('too-large', 'too many elements');
  }
}

function isLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isPixelData(tagNumber: number): boolean {
  return (
    tagNumber === TAGS.PixelData ||
    tagNumber === TAGS.FloatPixelData ||
    tagNumber === TAGS.DoubleFloatPixelData
  );
}
