using System.Collections;
using System.Management.Automation;
using Pantry.Commands;
using Pantry.PowerShell.Results;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Scripts;

/// <summary>What a user wants run: a script, a shell command, or a command by name, with its arguments. An order is one, or has several as its steps.</summary>
internal sealed record CommandOrder
{
    public ScriptBlock? ScriptBlock { get; init; }

    /// <summary>Values of the script's $using: expressions, taken where it was written.</summary>
    public Hashtable Using { get; init; } = [];

    public string? ShellCommand { get; init; }

    public string? Name { get; init; }

    public IDictionary? Argument { get; init; }

    public object?[]? ArgumentList { get; init; }

    public IDictionary? Secret { get; init; }

    public string? WorkingDirectory { get; init; }

    public int Depth { get; init; } = 1;

    /// <summary>Name of the command that carries it out.</summary>
    public string Command => ScriptBlock is not null ? ScriptCommand.CommandName : ShellCommand is not null ? Commands.ShellCommand.CommandName : Name!;

    /// <summary>What it does, in a line.</summary>
    public string Description => ShellCommand is not null ? $"'{DisplayText.FirstLine(ShellCommand, 80)}'"
        : ScriptBlock is not null ? $"the script {{{DisplayText.FirstLine(ScriptBlock.ToString().Trim(), 80)}}}"
        : $"the command {Name}";

    /// <summary>The order's arguments; its secrets are put with those given.</summary>
    /// <exception cref="PantryException">Something of it can't be sent.</exception>
    public (string Command, BodyFormat Format, byte[] Arguments) Build(OrderSecrets secrets, SessionState session)
    {
        if (ScriptBlock is not null)
        {
            secrets.AddVariables(Secret, session);
            var order = new ScriptOrder { Script = ScriptBlock.ToString(), Arguments = ArgumentList ?? [], Using = Using, Depth = Depth };
            return (ScriptCommand.CommandName, BodyFormat.Clixml, secrets.TakeOut(order).ToBytes());
        }

        if (ShellCommand is not null)
        {
            secrets.AddEnvironment(Secret);
            return (Commands.ShellCommand.CommandName, BodyFormat.Json, OrderArguments.ForShell(ShellCommand, ArgumentList, WorkingDirectory));
        }

        string name = Names.RequireIdentity(Name, "command name");
        if (Names.Same(name, ScriptCommand.CommandName))
            throw Invalid("A script is sent with -ScriptBlock.", name);
        if (Names.Same(name, StepsCommand.CommandName))
            throw Invalid("Steps are sent with -Step.", name);
        if (Names.Same(name, ProvisionOrders.CommandName))
            throw Invalid("Clients are provisioned with Invoke-PantryProvision.", name);
        if (!CommandTable.BuiltIn.Contains(name, Names.Comparer))
        {
            secrets.AddVariables(Secret, session);
            return (name, BodyFormat.Clixml, secrets.TakeOut(new ScriptOrder
            {
                Arguments = ArgumentList ?? [],
                Parameters = Argument is null ? null : new Hashtable(Argument, StringComparer.OrdinalIgnoreCase),
                Depth = Depth,
            }).ToBytes());
        }

        if (Names.Same(name, Commands.ShellCommand.CommandName))
            secrets.AddEnvironment(Secret);
        else if (Secret is { Count: > 0 })
            throw Invalid($"The command {name} uses no secrets, so none was sent.", name);
        return (name, BodyFormat.Json, OrderArguments.ForBuiltIn(name, Argument, ArgumentList));
    }

    private static PantryException Invalid(string message, string name) => new(PantryErrorCode.InvalidArgument, message) { Target = name };
}
