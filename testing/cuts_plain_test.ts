import { declareCutTests } from "./cut_tests.ts";

declareCutTests("captures without VFIO devices", (name) => !name.startsWith("vfio-"));
