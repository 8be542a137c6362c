using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Pantry.Commands;
using Pantry.Protocol;

namespace Pantry.PowerShell.Scripts;

/// <summary>Runs a script in a clean runspace of this process: nothing of the session that hosts the client is seen or changed.</summary>
internal static class ScriptRun
{
    // Opening a runspace is work for the processor; hundreds at once would only take turns, and memory.
    private static readonly SemaphoreSlim Opening = new(Environment.ProcessorCount * 2);

    public static async Task<CommandOutcome> RunAsync(string script, ScriptOrder order, CommandContext context, CancellationToken cancellation)
    {
        using Runspace runspace = await OpenAsync(cancellation).ConfigureAwait(false);
        using var shell = System.Management.Automation.PowerShell.Create();
        shell.Runspace = runspace;
        foreach ((string name, object secret) in order.Variables)
            runspace.SessionStateProxy.SetVariable(name, secret);
        AddScript(shell, script, order);

        using var records = new ScriptRecords(context.Options.OutputBytes, order.Depth);
        context.Live?.Attach(Result.OutputBody, records);
        string? firstError = null;
        using PSDataCollection<PSObject?> output = Collect(shell, records, error => firstError ??= error);
        ErrorRecord? fatal = null;
        using var input = new PSDataCollection<PSObject?>();
        input.Complete();
        try
        {
            Task running = Task.Factory.FromAsync(shell.BeginInvoke(input, output), end => _ = shell.EndInvoke(end));
            using (cancellation.Register(() => shell.BeginStop(null, null)))
                await running.ConfigureAwait(false);
        }
        catch (RuntimeException exception)
        {
            fatal = exception.ErrorRecord;
            if (exception is not PipelineStoppedException)
                records.Add(ScriptRecords.Error, fatal);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // An exception of a .NET method that the script let through, for one.
            fatal = new ErrorRecord(exception, exception.GetType().Name, ErrorCategory.NotSpecified, null);
            records.Add(ScriptRecords.Error, fatal);
        }

        string? failure = fatal is not null ? ErrorText(fatal) : firstError;
        return new CommandOutcome
        {
            Status = failure is null ? CommandStatus.Succeeded : CommandStatus.Failed,
            Error = failure is null ? null : new CommandError("ScriptFailed", failure),
            ExitCode = runspace.SessionStateProxy.GetVariable("LASTEXITCODE") as int?,
            Output = records.ToArray(),
            Format = BodyFormat.Clixml,
            Truncated = records.Truncated,
        };
    }

    private static async Task<Runspace> OpenAsync(CancellationToken cancellation)
    {
        await Opening.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
            runspace.Open();
            return runspace;
        }
        finally
        {
            Opening.Release();
        }
    }

    private static void AddScript(System.Management.Automation.PowerShell shell, string script, ScriptOrder order)
    {
        shell.AddScript(script);
        foreach (object? argument in order.Arguments)
            shell.AddArgument(argument);
        if (order.Parameters is { } parameters)
            shell.AddParameters(parameters);

        // The engine's own way to hand values of $using: to a script.
        if (order.Using.Count > 0)
            shell.AddParameter("--%", order.Using);
    }

    // Records are written down as they come, on the script's own thread: nothing piles up, and their order is kept.
    private static PSDataCollection<PSObject?> Collect(System.Management.Automation.PowerShell shell, ScriptRecords records, Action<string> failed)
    {
        var output = new PSDataCollection<PSObject?>();
        Drain(output, value => records.Add(ScriptRecords.Output, value));
        Drain(shell.Streams.Error, error =>
        {
            failed(ErrorText(error));
            records.Add(ScriptRecords.Error, error);
        });
        Drain(shell.Streams.Warning, record => records.Add(ScriptRecords.Warning, record));
        Drain(shell.Streams.Verbose, record => records.Add(ScriptRecords.Verbose, record));
        Drain(shell.Streams.Information, record => records.Add(ScriptRecords.Information, record));
        Drain(shell.Streams.Debug, record => records.Add(ScriptRecords.Debug, record));
        Drain(shell.Streams.Progress, _ => { });
        return output;
    }

    private static void Drain<T>(PSDataCollection<T> collection, Action<T> take) => collection.DataAdded += (_, _) =>
    {
        foreach (T record in collection.ReadAll())
            take(record);
    };

    private static string ErrorText(ErrorRecord record) => record.ErrorDetails?.Message is { Length: > 0 } details ? details : record.Exception.Message;
}
