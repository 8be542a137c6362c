namespace Pantry.PowerShell;

/// <summary>What cmdlets warn of, each with its cure.</summary>
internal static class Advice
{
    /// <summary>A client with nothing set; null for any other.</summary>
    public static string? OnLabels(ClientRegistration client) => OnLabels(client.Identity, client.Application, client.Environment, client.Roles);

    public static string? OnLabels(ClientInfo client) => OnLabels(client.Identity, client.Application, client.Environment, client.Roles);

    public static string? OnLabels(string? identity, string? application, string? environment, IReadOnlyList<string> roles) =>
        application is null && environment is null && roles.Count == 0
            ? $"The client '{DisplayText.Clean(identity ?? "*", 80)}' has no application, environment or role, so it hears the orders of every stream. "
                + "Give it some with -Application, -Environment or -Role where it is enrolled."
            : null;

    /// <summary>Enrolments and tokens that a change of the root key has ended; null where there were none.</summary>
    public static string? OnWithdrawn(RootKeyInfo key) => key.OrphanedEnrollments > 0
        ? $"The server's own operator is gone, and {key.OrphanedEnrollments:N0} of the enrolments and tokens it made {(key.OrphanedEnrollments == 1 ? "was" : "were")} not used yet and "
            + $"{(key.OrphanedEnrollments == 1 ? "lets" : "let")} nobody in any more. Get-PantryEnrollment -All lists them as Orphaned. Connect as an operator and make new ones for the clients that are still to come."
        : key.WithdrawnEnrollments > 0
        ? $"Enrolments and tokens that were not used yet name the old root key; {key.WithdrawnEnrollments:N0} of them {(key.WithdrawnEnrollments == 1 ? "was" : "were")} withdrawn. "
            + "Get-PantryEnrollment -All lists them. Make new ones for the clients that are still to come."
        : null;

    public static string OnPending(ClientRegistration client) =>
        $"The client '{client.Identity}' waits for an operator's approval and takes no orders yet. Compare the fingerprint of its key, then approve it: "
        + $"Approve-PantryClient -Fingerprint {client.Fingerprint}";
}
