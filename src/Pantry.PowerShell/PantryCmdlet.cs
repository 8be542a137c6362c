using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Pantry.Configuration.Settings;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell;

/// <summary>
/// A cmdlet whose work runs off the pipeline's thread, which meanwhile writes what the work brings. Ctrl+C ends it at
/// once: the work is told, not waited for.
/// </summary>
public abstract class PantryCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">Whether called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        // The source is not disposed: work that was left behind by Ctrl+C may still look at its token.
    }

    /// <summary>What this runspace has running.</summary>
    private protected static RunspaceHost State => RunspaceHost.Of(Runspace.DefaultRunspace);

    /// <summary>Runs the work to its end and writes what it says; its exception ends the pipeline.</summary>
    private protected void Run(Func<CmdletOutput, CancellationToken, Task> body)
    {
        // Not disposed: work that was left behind may still look at its token.
        var abandoned = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var output = new CmdletOutput(this, abandoned.Token);
        CancellationToken cancellation = abandoned.Token;
        Task work = Task.Run(() => body(output, cancellation), CancellationToken.None);
        _ = work.ContinueWith(
            (ended, state) =>
            {
                _ = ended.Exception;
                ((CmdletOutput)state!).Close();
            },
            output, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        bool drained = false;
        try
        {
            output.Drain();
            drained = true;
            work.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (drained && exception is not PipelineStoppedException)
        {
            ThrowTerminatingError(ErrorMap.ToRecord(exception));
        }
        finally
        {
            // Downstream may have had enough (Select-Object -First): then the work ends too.
            abandoned.Cancel();
        }
    }

    /// <summary>Does something here and now; a Pantry error ends the pipeline as one of PowerShell's.</summary>
    private protected T Checked<T>(Func<T> function)
    {
        try
        {
            return function();
        }
        catch (PantryException exception)
        {
            ThrowTerminatingError(ErrorMap.ToRecord(exception));
            throw;
        }
    }

    /// <summary>What a host here is configured with, by file and environment; warnings are written, errors end the pipeline.</summary>
    private protected HostSettings Settings(ConfigurationKind kind, string? file)
    {
        LoadedSettings<HostSettings> loaded = Checked(() => SettingsFile.LoadHost(kind, file is null ? null : FileSystemPath(file), SettingVariables.OfProcess()));
        // Without a file, parameters say where the server is.
        foreach (ConfigurationFinding warning in file is null ? [] : loaded.Warnings)
            WriteWarning(warning.ToString());
        if (loaded.Values.Log.Targets?.Any(target => target.Output is LogOutput.Stdout or LogOutput.Stderr) == true)
            WriteWarning("log_to says stdout or stderr, which belong to the console here. Those lines go nowhere; log to a file, to syslog or to the event log.");
        return loaded.Values;
    }

    private protected static PantryException Invalid(string message, string? target = null) => new(PantryErrorCode.InvalidArgument, message) { Target = target };

    /// <summary>A directory of the user's own for Pantry's data.</summary>
    private protected static string UserDirectory(params ReadOnlySpan<string> names) => Path.Combine([
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "Pantry", .. names]);

    /// <summary>Paths of this session as ones of the file system, those that wildcards mean among them.</summary>
    private protected IReadOnlyList<string> FileSystemPaths(string path, bool literal) =>
        literal || !WildcardPattern.ContainsWildcardCharacters(path) ? [FileSystemPath(path)] : FileSystemPaths(path);

    /// <summary>A path of this session, which has locations and drives of its own, as one of the file system.</summary>
    private protected string FileSystemPath(string path)
    {
        string full = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem"
            ? full
            : throw Invalid($"'{DisplayText.Clean(path, 300)}' is no path of the file system.", path);
    }

    /// <summary>What a path with wildcards means, as paths of the file system.</summary>
    private protected IReadOnlyList<string> FileSystemPaths(string path)
    {
        try
        {
            System.Collections.ObjectModel.Collection<string> found = SessionState.Path.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider);
            if (provider.Name != "FileSystem")
                throw Invalid($"'{DisplayText.Clean(path, 300)}' is no path of the file system.", path);
            return found.Count > 0 ? found : throw None(path, null);
        }
        catch (ItemNotFoundException missing)
        {
            throw None(path, missing);
        }
    }

    private static PantryException None(string path, Exception? cause) =>
        new(PantryErrorCode.NoMatchingFile, $"There is no file or directory '{DisplayText.Clean(path, 300)}'. Nothing was sent.", cause) { Target = path };
}
