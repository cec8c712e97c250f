import { declareCutTests } from "./cut_tests.ts";

declareCutTests("captures with VFIO devices", (name) => name.startsWith("vfio-"));
