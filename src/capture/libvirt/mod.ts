/** Save images of libvirt. @module */
export { type LibvirtDomain, scanDomain } from "./domain.ts";
export { LIBVIRT_HEADER_BYTES, type LibvirtFormat, type LibvirtHeader, readLibvirtHeader } from "./header.ts";
export { LIBVIRT_START_BYTES, type LibvirtImage, readLibvirtImage } from "./image.ts";
