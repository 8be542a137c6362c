using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>How a client comes to know whom to trust: by an enrolment, by a token, or by the server's key and its first word.</summary>
internal static class ClientEnrolment
{
    /// <summary>Uses an enrolment that was not used yet, and says which key the server must have.</summary>
    /// <exception cref="PantryException">Nothing says which key the server must have, the enrolment is not good, or the directory is another client's.</exception>
    public static async Task<PublicKey> PrepareAsync(
        ClientHome home, ClientConfiguration configuration, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        if (home.Trust is { } known && !Names.Same(known.Labels.Identity, configuration.Labels.Identity))
        {
            throw new PantryException(PantryErrorCode.InvalidName,
                $"The client in '{configuration.Path}' is '{known.Labels.Identity}', and a key keeps its name: it cannot be '{configuration.Labels.Identity}'. "
                + $"Start it with -Identity {known.Labels.Identity}, or enrol a new client in a directory of its own with -Path.")
            { Target = configuration.Path };
        }

        if (configuration.Enrollment is { } enrollment)
        {
            PublicKey enrolledAt = PublicKey.Parse(enrollment.ServerPublicKey, "public key of the server");
            if (home.Trust?.Enrollment == enrollment.Id)
                return enrolledAt;
            EnrollmentFile.Check(enrollment, time.GetUtcNow());
            ClientLabels labels = await EnrollmentRedeemer.RedeemAsync(
                enrollment, configuration.Labels.Identity, home.Key.PublicKey, configuration.Server, loop, options, time, log, cancellation).ConfigureAwait(false);
            home.Save(new ClientTrust(enrollment.ServerPublicKey, enrollment.Network, enrollment.RootPublicKey, labels, enrollment.Id));
            return enrolledAt;
        }

        if (home.Trust is { } trust)
        {
            PublicKey remembered = PublicKey.Parse(trust.ServerKey, "public key of the server");
            if (configuration.ServerKey is { } given && !given.Equals(remembered))
            {
                throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                    $"The client in '{configuration.Path}' was let in by a server with the key {remembered.Fingerprint}; {given.Fingerprint} was given. Use another -Path for another server.")
                { Target = configuration.Path };
            }

            return remembered;
        }

        return configuration.ServerKey ?? throw new PantryException(PantryErrorCode.InvalidEnrollment,
            $"Nothing says which key the server {configuration.Server} must have, so it could be any server. Give an enrolment, or the server's key with -ServerPublicKey.")
        { Target = configuration.Server.ToString() };
    }

    /// <summary>
    /// What the client says that it is: what the configuration says now, and where that is silent what it was granted.
    /// Reckoned from the grant each time, so that a configuration means the same whatever was tried in between.
    /// </summary>
    public static ClientLabels Claim(ClientTrust? trust, ClientConfiguration configuration)
    {
        ClientLabels said = configuration.Labels;
        if (trust is null)
            return said;
        // An enrolment said what the client is; without one and without a word it is what it was.
        if (configuration.Enrollment is not null || said.Unlabelled)
            return trust.Granted;
        return trust.Claimed is not { } claimed ? said : ClientLabels.Create(
            said.Identity,
            said.Application ?? (claimed.Application is null ? trust.Granted.Application : null),
            said.Environment ?? (claimed.Environment is null ? trust.Granted.Environment : null),
            said.Roles.Count == 0 && claimed.Roles.Count == 0 ? trust.Granted.Roles : said.Roles);
    }

    /// <summary>The server has approved the client: what it trusts is remembered at the first time, and compared ever after.</summary>
    /// <returns>What the client is.</returns>
    /// <exception cref="PantryException">The fleet's root key or what the client is differs from what is known.</exception>
    public static ClientLabels Approved(
        ClientHome home, ClientConfiguration configuration, PublicKey server, string network, Registered registered, ClientLabels claim)
    {
        if (home.Trust is { } trust)
        {
            // Beyond what was granted it is approved only where an operator has decided so: that is the grant from now on.
            if (!Same(claim, trust.Labels))
                home.Save(trust with { Labels = claim, Granted = claim.IsWithin(trust.Granted) ? trust.Granted : claim });
            return claim;
        }

        if (registered.Labels is not { } labels)
            return claim;
        VerifyKey root = VerifyKey.FromBytes(registered.RootKey);
        if ((configuration.RootKey is { } expected && !expected.Equals(root))
            || (configuration.Token is { } token && !EnrollmentSecret.Names(token, registered.RootKey)))
        {
            throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                $"The server's root key is {root.Fingerprint}, which is not the one that was given. Find out who changed the key before letting this client in.");
        }

        // With a token the server's word is taken for what the client leaves unsaid, and for nothing that it says.
        if (configuration.Token is null ? !labels.IsWithin(configuration.Labels) : !labels.Completes(configuration.Labels))
            throw new PantryException(PantryErrorCode.ServerKeyMismatch, "The server approved this client as something else than it claims to be. Compare its labels with what the server shows.");
        home.Save(new ClientTrust(
            server.ToString(), network, root.ToString(), labels, configuration.Enrollment?.Id, configuration.Token is null ? null : configuration.Labels));
        return labels;
    }

    private static bool Same(ClientLabels left, ClientLabels right) => left.IsWithin(right) && right.IsWithin(left);
}
