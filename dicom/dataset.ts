/** The parsed form of a file: offsets into its bytes, no copies. Offsets always refer to `DicomFile.bytes`. */

/** A Data Element. PS3.5 section 7.1 */
export interface DicomElement {
  /** Unsigned 0xGGGGEEEE. */
  tag: number;
  /** From the file; from the dictionary where the data set is implicit (`UN` where that is silent). */
  vr: string;
  /** Where the tag stands. */
  headerOffset: number;
  /** Where the value field begins. */
  dataOffset: number;
  /** Bytes of the value field, without a sequence delimiter. */
  length: number;
  /** Past the value field and its delimiter: `bytes.subarray(headerOffset, endOffset)` is the whole element. */
  endOffset: number;
  /** The element is closed by a Sequence Delimitation Item. */
  undefinedLength: boolean;
  /** Only of sequences. */
  items?: DicomItem[];
  /** Only of encapsulated pixel data: the fragments after the basic offset table, without their item headers. */
  fragments?: { offset: number; length: number }[];
  /** Only of encapsulated pixel data: offsets from the first byte of the first fragment's item header. Often empty. */
  basicOffsetTable?: number[];
}

/** An item of a sequence. PS3.5 section 7.5 */
export interface DicomItem {
  dataset: DicomDataset;
  headerOffset: number;
  /** Past the item and its delimiter. */
  endOffset: number;
  undefinedLength: boolean;
}

/** A Data Set: of the file, or of an item. */
export interface DicomDataset {
  /** In the order of the file. Of a tag that occurs twice the last one counts. */
  elements: Map<number, DicomElement>;
  /** How this data set is written; an item may differ from its file (UN, PS3.5 section 6.2.2). */
  explicitVr: boolean;
  littleEndian: boolean;
  /** The data set around this item; null at the root. Specific Character Set is inherited from it. */
  parent: DicomDataset | null;
}

/** A DICOM file, or the prefix of one. */
export interface DicomFile {
  /**
   * The bytes that all offsets refer to. For the deflated transfer syntax: preamble and File Meta of the file,
   * followed by the inflated data set; otherwise the bytes that were passed in, as a view where they were no Buffer.
   */
  bytes: Buffer;
  /** From the File Meta, or guessed where that is missing. */
  transferSyntaxUid: string;
  /** Of the data set; the File Meta is always explicit little endian. */
  littleEndian: boolean;
  explicitVr: boolean;
  deflated: boolean;
  /** 128 bytes and `DICM` stand at the beginning. */
  hasPreamble: boolean;
  /** Group 0002; empty where missing. */
  meta: DicomDataset;
  dataset: DicomDataset;
  /** Where the data set begins in `bytes`. */
  bodyOffset: number;
  /** The bytes end before the data set does. Only with `partial` or `allowTruncated`; else it is an error. */
  truncated: boolean;
  /** Pixel Data (7FE0,0010), or its float kin, was met at the top level. */
  reachedPixelData: boolean;
}
