/** What a caller may do: see `ROLE_INCLUDES` for those that bring others with them. */
export type Role = "submit" | "inspect" | "operate" | "admin" | "metrics";
