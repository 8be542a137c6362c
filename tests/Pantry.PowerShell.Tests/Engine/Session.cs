using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>A runspace of the real engine with the module imported, and a directory of its own. Every script has a deadline.</summary>
internal sealed class Session : IDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly bool _ownsRoot;

    private Session(string? root)
    {
        _ownsRoot = root is null;
        Root = root ?? Directory.CreateTempSubdirectory("pantry-ps-test-").FullName;
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        Runspace = RunspaceFactory.CreateRunspace(state);
        Runspace.Open();
        Set("root", Root);
    }

    public string Root { get; }

    public Runspace Runspace { get; }

    /// <summary>A session with the module. Each client that is registered gets a directory of its own under the session's.</summary>
    public static Session Open(string? root = null)
    {
        var session = new Session(root);
        session.Run($$"""
            Import-Module '{{Places.Manifest}}'
            $PSDefaultParameterValues['Register-PantryClient:Path'] = { "$root/clients/$([guid]::NewGuid().ToString('n'))" }
            """).Clean();
        return session;
    }

    /// <summary>A session with a server on free ports, in $server, and clients: <c>identity application environment role+role</c>, a dash for none.</summary>
    public static Session WithFleet(params string[] clients)
    {
        Session session = Open();
        session.Run("$server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0").Clean();
        foreach (string[] client in clients.Select(client => client.Split(' ')))
        {
            string script = $"$null = Register-PantryClient -Identity {client[0]} -WarningAction SilentlyContinue";
            foreach ((string parameter, int index) in new[] { ("Application", 1), ("Environment", 2), ("Role", 3) })
            {
                if (client.Length > index && client[index] != "-")
                    script += $" -{parameter} {client[index].Replace('+', ',')}";
            }

            session.Run(script).Clean();
        }

        return session;
    }

    /// <summary>Makes an operator on the server of this session; the command that connects as that operator.</summary>
    public string Connecting(string name = "console", string scopes = "*:*", bool administrator = true)
    {
        string file = Path.Combine(Root, $"{name}.operator");
        string scopeList = string.Join(',', scopes.Split(' ').Select(scope => $"'{scope}'"));
        Run($"$null = New-PantryOperator {name} -Scope {scopeList} -OutFile '{file}'{(administrator ? " -Administrator" : "")}").Clean();
        return $"Connect-PantryServer -OperatorFile '{file}'";
    }

    /// <summary>Runs a script again and again until it brings true; fails at the deadline.</summary>
    public void Until(string condition) =>
        Assert.True(SpinWait.SpinUntil(() => Run(condition).Clean() is [var last] && LanguagePrimitives.IsTrue(last), Deadline), $"Not within {Deadline}: {condition}");

    public void Set(string name, object? value) => Runspace.SessionStateProxy.SetVariable(name, value);

    /// <summary>Runs a script in the session's own scope, to its end or to the deadline.</summary>
    public Outcome Run(string script, TimeSpan? deadline = null)
    {
        using Running running = Start(script);
        return running.Wait(deadline ?? Deadline);
    }

    /// <summary>Starts a script, for tests that stop it.</summary>
    public Running Start(string script) => new(Runspace, script);

    public void Dispose()
    {
        Runspace.Dispose();
        if (_ownsRoot)
            Directory.Delete(Root, recursive: true);
    }
}
