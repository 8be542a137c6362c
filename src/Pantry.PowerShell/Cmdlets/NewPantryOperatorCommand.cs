using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Makes an operator with keys of its own, and the file that Connect-PantryServer takes. The secret keys are in that file
/// and nowhere else: the server never has them.
/// </summary>
[Cmdlet(VerbsCommon.New, "PantryOperator", SupportsShouldProcess = true)]
[OutputType(typeof(OperatorInfo))]
public sealed class NewPantryOperatorCommand : OperatorCmdlet
{
    /// <summary>Unique name of the operator.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Name { get; set; } = "";

    /// <summary>What the operator may order, as streams:commands, such as 'shop.live,shop.test:Shell,Script' or '*:*'.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string[] Scope { get; set; } = [];

    /// <summary>The file for the operator's keys, which must not be there; only its owner can read it.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string OutFile { get; set; } = "";

    /// <summary>How long the operator may give orders; plain numbers are seconds. By default until revoked.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? ExpiresIn { get; set; }

    /// <summary>Lets the operator decide about clients, enrolments and operators too, and read the audit log.</summary>
    [Parameter]
    public SwitchParameter Administrator { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        string name = Checked(() => Names.RequireIdentity(Name, "operator name"));
        string[] scopes = Checked(() => Scope.Select(scope => OperatorScope.Parse(scope).ToString()!).ToArray());
        string file = Checked(File);
        using SigningKey? root = Checked(RootKey);
        string rights = $"{string.Join(' ', scopes)}{(Administrator ? ", administrator" : "")}";
        if (!ShouldProcess($"{name} ({rights})", "Make a Pantry operator"))
            return;
        Run(async (output, cancellation) =>
        {
            using CurveKeyPair session = CurveKeyPair.Generate();
            using SigningKey signing = SigningKey.Generate();
            DateTimeOffset now = DateTimeOffset.UtcNow;
            var request = new AddOperator(
                name, session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), scopes, Administrator, ExpiresIn is { } time ? now + time : null);
            // Written first: an operator whose keys could not be stored would only be in the way.
            OperatorFile.Save(file, Credentials(fleet.Place, name, session, signing));
            OperatorList list;
            try
            {
                list = await ChangeAsync(
                    fleet, root, () => fleet.AddOperatorAsync(request, cancellation), bundle => NewOperator.AddTo(bundle, request, now), cancellation).ConfigureAwait(false);
            }
            catch (PantryException refused) when (refused.Code is not (PantryErrorCode.TimedOut or PantryErrorCode.ConnectionLost))
            {
                System.IO.File.Delete(file);
                throw;
            }

            await output.WriteAsync(list.Operators.FirstOrDefault(entry => Names.Same(entry.Name, name))).ConfigureAwait(false);
        });
    }

    private static OperatorCredentials Credentials(FleetPlace place, string name, CurveKeyPair session, SigningKey signing) => new()
    {
        Name = name,
        Address = place.Address,
        ReceivePort = place.ReceivePort,
        ServerPublicKey = place.ServerPublicKey,
        Network = place.Network,
        SessionKey = Z85.Encode(session.Secret),
        SigningKey = signing.ToPem(null),
    };

    private string File()
    {
        string path = FileSystemPath(OutFile);
        return !System.IO.File.Exists(path) ? path : throw Invalid($"'{path}' is there already. Keys are never replaced: give another name.", path);
    }
}
