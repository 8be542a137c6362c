using System.Management.Automation;
using Pantry.Configuration.Settings;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Looks at configuration files and writes an object for everything that is wrong in one, and a summary. The environment's variables
/// are looked at too, since they come before the file.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "PantryConfiguration")]
[OutputType(typeof(ConfigurationFinding))]
[OutputType(typeof(ConfigurationSummary))]
public sealed class TestPantryConfigurationCommand : PantryCmdlet
{
    /// <summary>The files; wildcards mean several.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Whom the files are for; by default client.yaml is a client's and operator.yaml an operator's, and all others are servers'.</summary>
    [Parameter]
    public ConfigurationKind? Kind { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string file in Path.SelectMany(path => Checked(() => FileSystemPaths(path, literal: false))))
        {
            (IReadOnlyList<ConfigurationFinding> findings, ConfigurationSummary summary) = SettingsFile.Check(Kind ?? KindOf(file), file, SettingVariables.OfProcess());
            WriteObject(findings, enumerateCollection: true);
            WriteObject(summary);
        }
    }

    private static ConfigurationKind KindOf(string file) => System.IO.Path.GetFileNameWithoutExtension(file).ToLowerInvariant() switch
    {
        "client" => ConfigurationKind.Client,
        "operator" => ConfigurationKind.Operator,
        _ => ConfigurationKind.Server,
    };
}
