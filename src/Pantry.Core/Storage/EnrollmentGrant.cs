using Pantry.Security;

namespace Pantry.Storage;

/// <summary>An enrolment that the server made: its key may bring in one client, once.</summary>
/// <param name="Id">Name of the enrolment in lists and records.</param>
/// <param name="Key">Public key of the pair that is in the enrolment's file.</param>
/// <param name="Identity">The only identity it is good for; null for any.</param>
/// <param name="Application">Application the client gets.</param>
/// <param name="Environment">Environment the client gets.</param>
/// <param name="Roles">Roles the client gets.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it can be used.</param>
/// <param name="CreatedBy">Who made it, and so who approved.</param>
internal sealed record EnrollmentGrant(
    string Id,
    PublicKey Key,
    string? Identity,
    string? Application,
    string? Environment,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string CreatedBy) : Grant(Id, Application, Environment, Roles, CreatedAt, ExpiresAt, CreatedBy)
{
    public override string Name => $"The enrolment '{Id}'";

    public override string Cure => "Make a new one with New-PantryEnrollment.";
}
