import { SingleUsers } from "./single.ts";
export class ClusterUsers extends SingleUsers {}
