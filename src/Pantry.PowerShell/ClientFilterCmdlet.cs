using System.Management.Automation;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that looks clients up by what they are.</summary>
public abstract class ClientFilterCmdlet : FleetCmdlet
{
    /// <summary>Clients of an application; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>Clients of an environment; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>Clients of a role; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string? Role { get; set; }

    /// <summary>Clients that hear a stream.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string? Stream { get; set; }

    /// <summary>Which clients are looked for.</summary>
    private protected ClientFilter Filter(IReadOnlyList<string> identities) => new()
    {
        Identities = identities,
        Application = Application,
        Environment = Environment,
        Role = Role,
        Stream = Stream is null ? null : Checked(() => Names.RequireStream(Stream)),
    };
}
