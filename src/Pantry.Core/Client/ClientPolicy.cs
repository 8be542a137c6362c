using Pantry.Commands;
using Pantry.Targeting;

namespace Pantry.Client;

/// <summary>What a client allows on its own account, whoever orders it and whatever the operator's scopes are.</summary>
internal sealed record ClientPolicy
{
    /// <summary>Names of the commands the client may run; null for all it offers.</summary>
    public IReadOnlyList<string>? AllowedCommands { get; init; }

    /// <summary>Users that commands may run as, beside the client's own; none by default.</summary>
    public IReadOnlyList<string> AllowedUsers { get; init; } = [];

    /// <summary>Why the client does not run it; null where it does.</summary>
    public CommandOutcome? Refusal(string identity, string command, string? runAs)
    {
        if (AllowedCommands is { } allowed && !allowed.Contains(command, Names.Comparer))
        {
            return CommandOutcome.Denied("CommandNotAllowed",
                $"The client '{identity}' does not allow the command {DisplayText.Clean(command, 80)}. It allows: {string.Join(", ", allowed)}.");
        }

        return runAs is not null && !RunAsUser.IsOwn(runAs) && !AllowedUsers.Contains(runAs, StringComparer.Ordinal)
            ? CommandOutcome.Denied("UserNotAllowed",
                $"The client '{identity}' does not allow commands to run as '{DisplayText.Clean(runAs, 80)}'. "
                + (AllowedUsers.Count == 0 ? "It allows no user but its own." : $"It allows: {string.Join(", ", AllowedUsers)}."))
            : null;
    }
}
