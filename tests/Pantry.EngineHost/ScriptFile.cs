using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Pantry.EngineHost;

/// <summary>Runs a script file in the PowerShell engine and prints what it brings as pwsh would.</summary>
internal static class ScriptFile
{
    /// <returns>0, or 1 where the script was ended by an error, or 130 where it was stopped.</returns>
    public static int Run(string path, IEnumerable<string> arguments)
    {
        var host = new ConsoleHost();
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        using Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        using var shell = System.Management.Automation.PowerShell.Create(runspace);
        ConsoleCancelEventHandler stop = (_, pressed) =>
        {
            pressed.Cancel = true;
            shell.BeginStop(null, null);
        };
        Console.CancelKeyPress += stop;
        try
        {
            shell.AddCommand(Path.GetFullPath(path));
            foreach (string argument in arguments)
                shell.AddArgument(argument);
            shell.AddCommand("Out-Default");

            // With the error stream merged, Out-Default shows errors in their place, as at a prompt.
            shell.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
            shell.Invoke();
            return 0;
        }
        catch (PipelineStoppedException)
        {
            return 130;
        }
        catch (RuntimeException exception)
        {
            Show(runspace, exception.ErrorRecord);
            return 1;
        }
        finally
        {
            Console.CancelKeyPress -= stop;
        }
    }

    private static void Show(Runspace runspace, ErrorRecord error)
    {
        using var shell = System.Management.Automation.PowerShell.Create(runspace);
        shell.AddCommand("Out-Default").Invoke(new[] { error });
    }
}
