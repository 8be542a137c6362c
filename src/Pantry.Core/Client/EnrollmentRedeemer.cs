using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>Lets a client's own key in with the key of an enrolment: one short session, after which the enrolment is used up.</summary>
internal sealed class EnrollmentRedeemer : ILinkOwner
{
    private readonly LinkCredentials _credentials;
    private readonly Redeem _request;
    private readonly TaskCompletionSource<Redeemed> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EnrollmentRedeemer(LinkCredentials credentials, Redeem request)
    {
        _credentials = credentials;
        _request = request;
    }

    int ILinkOwner.RunningJobs => 0;

    LinkCredentials ILinkOwner.Credentials => _credentials;

    /// <summary>Redeems the enrolment for a client's key; the same key may do so again, should the answer have been lost.</summary>
    /// <returns>What the client is approved as.</returns>
    /// <exception cref="PantryException">The enrolment was used by another key, is over, or the server refused.</exception>
    public static async Task<ClientLabels> RedeemAsync(
        Enrollment enrollment, string identity, PublicKey own, ServerAddress server, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log,
        CancellationToken cancellation)
    {
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret(enrollment.SecretKey)
            ?? throw new PantryException(PantryErrorCode.InvalidEnrollment, $"The enrolment '{enrollment.Id}' has no key. Make a new one with New-PantryEnrollment.");
        var redeemer = new EnrollmentRedeemer(
            new LinkCredentials(pair, PublicKey.Parse(enrollment.ServerPublicKey, "public key of the server"), SessionRole.Enrollee, enrollment.Network),
            new Redeem(own.ToString(), identity));
        await using ServerLink link = await ServerLink.OpenAsync(server, hearsOrders: false, redeemer, loop, options, time, log, cancellation).ConfigureAwait(false);
        Redeemed redeemed = await redeemer._answer.Task.ConfigureAwait(false);
        if (Convert.ToBase64String(redeemed.RootKey) != enrollment.RootPublicKey)
        {
            throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                $"The server's root key is {Fingerprint.Of(redeemed.RootKey)}, which is not the one in the enrolment '{enrollment.Id}'. Make a new enrolment, and find out who changed the key.");
        }

        // The server's word alone makes nothing of the client that its enrolment does not say.
        return redeemed.Labels.IsWithin(ClientLabels.Create(identity, enrollment.Application, enrollment.Environment, enrollment.Roles))
            ? redeemed.Labels
            : throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                $"The server approved this client as something else than the enrolment '{enrollment.Id}' says. Compare with what Get-PantryClient shows there, and make a new enrolment.");
    }

    (MessageKind Kind, object Head) ILinkOwner.Introduction() => (MessageKind.Redeem, _request);

    Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        if (answer.Head is not Redeemed redeemed)
            throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server answered an enrolment with {answer.Kind}.");
        _answer.TrySetResult(redeemed);
        return Task.CompletedTask;
    }

    Task ILinkOwner.ReadyAsync(ServerLink link, CancellationToken lost) => Task.CompletedTask;

    void ILinkOwner.Receive(ServerLink link, Message message)
    {
        // Nothing else is awaited.
    }

    void ILinkOwner.ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
    {
        // Nothing is subscribed to.
    }

    Task ILinkOwner.BeatAsync(ServerLink link) => Task.CompletedTask;
}
