/** Channels as Web Streams: bytes in, records or pieces out, and bytes again. No I/O of its own. @module */
export { grammarFor } from "./grammar_for.ts";
export { type IdentifiedStream, identifyStream, type IdentifyStreamOptions } from "./identify_stream.ts";
export { type ChannelPiece, isWhole, PIECE_LIMIT } from "./piece.ts";
export { PieceStream } from "./piece_stream.ts";
export { RecordStream } from "./record_stream.ts";
export { SerialiseStream } from "./serialise_stream.ts";
