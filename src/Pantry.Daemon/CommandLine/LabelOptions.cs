using System.CommandLine;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary>What a client is for.</summary>
internal sealed class LabelOptions
{
    private readonly Option<string?> _application = new("--application") { Description = "What the client is for." };
    private readonly Option<string?> _environment = new("--environment") { Description = "The stage that the client belongs to, such as test." };
    private readonly Option<string[]> _roles = TargetOptions.Many("--role", null, "The client's roles, separated by commas.");

    public void AddTo(Command command)
    {
        command.Options.Add(_application);
        command.Options.Add(_environment);
        command.Options.Add(_roles);
    }

    public string? Application(ParseResult parsed) => parsed.GetValue(_application);

    public string? Environment(ParseResult parsed) => parsed.GetValue(_environment);

    public string[] Roles(ParseResult parsed) => parsed.GetValue(_roles) ?? [];

    /// <summary>Whether any was given.</summary>
    public bool AreGiven(ParseResult parsed) => Application(parsed) is not null || Environment(parsed) is not null || Roles(parsed).Length > 0;

    /// <exception cref="PantryException">One of them is no name.</exception>
    public void Check(ParseResult parsed) => ClientLabels.Create("any", Application(parsed), Environment(parsed), Roles(parsed));
}
