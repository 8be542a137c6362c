using System.Text.Json.Serialization;
using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>Which applications are there?</summary>
internal sealed record ListApplications(ApplicationFilter Filter);

/// <summary>Applications without their documents; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record ApplicationPage(IReadOnlyList<ApplicationInfo> Applications, bool Last);

/// <summary>An application's document, in a revision or as it is now.</summary>
internal sealed record ReadApplication(string Name, int? Revision = null);

/// <summary>The application; body 0 is its document in UTF-8.</summary>
internal sealed record ApplicationRead(ApplicationInfo Application);

/// <summary>Make an application, or change one. Body 0 is the document in UTF-8.</summary>
/// <param name="Name">The application.</param>
/// <param name="BasedOn">The revision that the change begins from; 0 for a new application.</param>
/// <param name="Restores">The revision whose document it brings back; null where the document is another one.</param>
internal sealed record SaveApplication(string Name, int BasedOn, int? Restores = null);

/// <summary>Take an application away; its history stays.</summary>
internal sealed record RemoveApplication(string Name, int BasedOn);

/// <summary>The application as it is now.</summary>
internal sealed record ApplicationSaved(ApplicationInfo Application)
{
    /// <summary>What is worth knowing about the document, though it stands.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What would clients that match get?</summary>
internal sealed record PlanClients(ClientFilter Filter);

/// <summary>Plans; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record PlanPage(IReadOnlyList<PantryPlan> Plans, bool Last);

/// <summary>What would a target's clients get, to be signed?</summary>
internal sealed record MakePlans(Target Target);

/// <summary>Plans of a target's clients; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record PlansMade(IReadOnlyList<PlanShare> Plans, bool Last);

/// <param name="Clients">Clients that share the plan, or the reason why they have none.</param>
/// <param name="Document">The bytes of the plan document; null where there is none.</param>
/// <param name="Fault">Why there is none.</param>
internal sealed record PlanShare(IReadOnlyList<string> Clients, byte[]? Document, CommandError? Fault);

/// <summary>A client at work on a job asks for the plan that was fixed for it.</summary>
internal sealed record ReadPlan(string Job);

/// <summary>The plan; body 0 is its document.</summary>
internal sealed record PlanRead(string Job);

/// <summary>Which applications: names know <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal sealed record ApplicationFilter
{
    [JsonRequired]
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>All revisions, the newest first, also of applications that were removed.</summary>
    public bool History { get; init; }
}
