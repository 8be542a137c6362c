namespace Pantry;

/// <summary>Clients whose results look the same.</summary>
public sealed record ResultGroup
{
    /// <summary>How many results there are.</summary>
    public int Count { get; init; }

    /// <summary>Their clients, by name.</summary>
    public IReadOnlyList<string> Clients { get; init; } = [];

    /// <summary>How the command ended.</summary>
    public CommandStatus Status { get; init; }

    /// <summary>Exit code of the process, where there was one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What all of them brought, as text: standard output or objects, then standard error.</summary>
    public string Output { get; init; } = "";

    /// <summary>Lines that are not as in the largest group: <c>- line</c> is missing here, <c>+ line</c> is only here. Null where nobody asked.</summary>
    public IReadOnlyList<string>? Difference { get; init; }

    /// <summary>The first of the results.</summary>
    public required CommandResult Sample { get; init; }
}
