using Pantry.Files;
using Pantry.Security;

namespace Pantry.Server.Files;

/// <summary>Who else than a job grants trees: what a client may have by what it is.</summary>
internal interface ITreeGrants
{
    /// <summary>Whether a client that is let in under this identity may have the tree.</summary>
    bool MayRead(string identity, ContentHash tree);

    /// <summary>Whether a client may have the tree for a job that it is at work on.</summary>
    bool MayRead(PublicKey key, string identity, ContentHash tree, string job) => false;

    /// <summary>Whether an operator may have the tree, whatever jobs it has given.</summary>
    bool MayRead(OperatorEntry by, ContentHash tree) => false;

    /// <summary>Whether an operator may bring trees, though it can order no client to fetch them.</summary>
    bool MayBring(OperatorEntry by) => false;
}
