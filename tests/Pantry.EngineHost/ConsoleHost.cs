using System.Globalization;
using System.Management.Automation.Host;

namespace Pantry.EngineHost;

/// <summary>The least a PowerShell host must be: prints to the console, asks nothing.</summary>
internal sealed class ConsoleHost : PSHost
{
    private readonly ConsoleHostUI _ui = new();

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "Pantry engine host";

    public override Version Version => new(1, 0);

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override PSHostUserInterface UI => _ui;

    public override void SetShouldExit(int exitCode)
    {
    }

    public override void EnterNestedPrompt() => throw new NotSupportedException("There is nobody to ask.");

    public override void ExitNestedPrompt() => throw new NotSupportedException("There is nobody to ask.");

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}
