/** Deals the packets of multifd channels anew: to another number of channels, in another order. @module */
export { itemBytes } from "./item_bytes.ts";
export { laneParts } from "./lane_parts.ts";
