// What this browser may do, as the server says it.

export interface Access {
  /** No token exists: everybody on this machine may do everything. */
  open: boolean;
  signed_in: boolean;
  name: string | null;
  scope: "read" | "write" | "admin" | null;
}

export const ACCESS = "/api/v1/session";

/** Whether this browser may send something; what is not known yet is tried, and told if refused. */
export const maySend = (access: Access | null): boolean => access === null || access.scope !== "read";
