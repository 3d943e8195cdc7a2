package main

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// takeFence takes the operator's Lease from whoever has it: agents then refuse every operator that was there before.
func takeFence(ctx context.Context, reader client.Reader, writer client.Writer, namespace string) (int64, error) {
	lease := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "nodetask-operator"}}
	err := reader.Get(ctx, client.ObjectKeyFromObject(&lease), &lease)
	if client.IgnoreNotFound(err) != nil {
		return 0, err
	}
	isNew := apierrors.IsNotFound(err)
	fence := int32(0)
	if lease.Spec.LeaseTransitions != nil {
		fence = *lease.Spec.LeaseTransitions + 1
	}
	now := metav1.NowMicro()
	lease.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       ptr.To("go-operator"),
		LeaseDurationSeconds: ptr.To(int32(15)),
		AcquireTime:          &now,
		RenewTime:            &now,
		LeaseTransitions:     &fence,
	}
	if isNew {
		return int64(fence), writer.Create(ctx, &lease)
	}
	return int64(fence), writer.Update(ctx, &lease)
}
